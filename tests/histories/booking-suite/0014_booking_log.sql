CREATE TABLE public."BookingLog" ("id" bigserial PRIMARY KEY, "bookingId" integer NOT NULL, "from" public."BookingStatus", "to" public."BookingStatus", "note" text DEFAULT 'public."Booking"');
--> statement-breakpoint
CREATE FUNCTION public.log_booking() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	v_old public."BookingStatus" := NULL;
	v_host public.users%ROWTYPE;
	v_name public.users.name%TYPE;
	v_list public."BookingStatus"[] := '{}'::public."BookingStatus"[];
BEGIN
	IF TG_OP = 'UPDATE' THEN
		v_old := OLD.status;
		IF v_old = NEW.status THEN RETURN NEW; END IF;
	END IF;
	SELECT u.* INTO v_host FROM public.users u WHERE u.id = NEW."userId";
	v_name := coalesce(v_host.name, (SELECT t.name FROM public."Team" AS t ORDER BY t.id LIMIT 1));
	v_list := v_list || NEW.status;
	INSERT INTO public."BookingLog" ("bookingId", "from", "to", note)
	VALUES (NEW.id, v_old, v_list[1], v_name || CASE WHEN public.is_worse(NEW.status, 'accepted'::public."BookingStatus") THEN ' (worse)' ELSE '' END);
	RETURN NEW;
END;
$$;
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER log_booking AFTER INSERT OR UPDATE ON "public"."Booking" NOT DEFERRABLE FOR EACH ROW EXECUTE FUNCTION "public".log_booking();
--> statement-breakpoint
UPDATE public."Booking" SET status = 'accepted'::public."BookingStatus" FROM public.users AS u WHERE u.id = public."Booking"."userId" AND u.username = 'pro';
--> statement-breakpoint
INSERT INTO public."Booking" (uid, "userId", title, "startTime", "endTime") SELECT 'walk-in', id, 'Walk in', '2024-03-01 10:00', '2024-03-01 10:15' FROM public.users WHERE username = 'free' RETURNING public."Booking".*;
--> statement-breakpoint
DELETE FROM public."BookingLog" AS l USING public."Booking" WHERE l."bookingId" = public."Booking".id AND l."to" = 'accepted'::public."BookingStatus" AND public."Booking".uid = 'walk-in';
