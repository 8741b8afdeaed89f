ALTER TABLE "public"."Attendee" ADD COLUMN "noShow" boolean DEFAULT false, ADD COLUMN "phone" text;--> statement-breakpoint
UPDATE public."Attendee" SET phone = '+44' || public."Attendee".id, "noShow" = public."Attendee"."booking.id" % 2 = 0;--> statement-breakpoint
CREATE FUNCTION public.attendance(p_uid text) RETURNS text LANGUAGE plpgsql STABLE AS $outer$
DECLARE
	v_booking public."Booking"%ROWTYPE;
	v_names text := '';
	v_attendee public."Attendee";
	c_guests CURSOR (p_id integer) FOR SELECT * FROM public."Attendee" WHERE public."Attendee"."booking.id" = p_id ORDER BY public."Attendee".name;
BEGIN
	SELECT * INTO STRICT v_booking FROM public."Booking" WHERE public."Booking".uid = p_uid;
	FOR v_attendee IN c_guests (v_booking.id) LOOP
		v_names := v_names || v_attendee.name || $q$, it's $q$;
	END LOOP;
	IF v_booking.status = ANY (ARRAY['cancelled', 'rejected']::public."BookingStatus"[]) THEN
		RETURN NULL;
	END IF;
	RETURN v_names || (SELECT public.address_line(public."Payment".payer) FROM public."Payment" WHERE public."Payment"."bookingId" = v_booking.id);
EXCEPTION
	WHEN no_data_found THEN
		RETURN 'no booking in public."Booking"';
END
$outer$;--> statement-breakpoint
SELECT public.attendance(public."Booking".uid), public.attendance('none') FROM public."Booking";
