INSERT INTO public."Payment" (uid, "bookingId", amount, payer, contacts)
SELECT 'pay-' || b.id, b.id, 10 * b.id, ROW('Main St ' || b.id, 'Town', 'Z' || b.id, a.email)::public.postal_address, ARRAY[a.email, 'office@example.com']::public.email_address[]
FROM public."Booking" b JOIN public."Attendee" a ON a."bookingId" = b.id WHERE b.status = 'accepted'::"public"."BookingStatus";
--> statement-breakpoint
UPDATE public."Payment" SET payer.city = 'City', fee = 0.5::public."money amount", success = (public."Payment".payer).street IS NOT NULL WHERE (public."Payment"."payer")."zip code" LIKE 'Z%';
--> statement-breakpoint
CREATE INDEX "Payment_city_idx" ON public."Payment" ((("payer").city), ((public."Payment".payer)."zip code") COLLATE "C" text_pattern_ops DESC);
--> statement-breakpoint
CREATE FUNCTION public.full_address(a public.postal_address) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT concat_ws(', ', (a).street, a."zip code", a.city) $$;
--> statement-breakpoint
CREATE FUNCTION public.payments_of(p_booking "public"."Booking") RETURNS SETOF public."Payment" LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT * FROM public."Payment" WHERE public."Payment"."bookingId" = (p_booking).id ORDER BY public.full_address(public."Payment".payer);
END;
--> statement-breakpoint
CREATE VIEW public."BookingPayments" AS
	SELECT public."Booking".uid, p.uid AS payment, public.full_address(p.payer) AS address, (p.payer).contact
	FROM public."Booking" LEFT JOIN LATERAL public.payments_of("Booking") AS p ON p.success;
--> statement-breakpoint
COMMENT ON COLUMN "public"."BookingPayments"."address" IS 'one line';
