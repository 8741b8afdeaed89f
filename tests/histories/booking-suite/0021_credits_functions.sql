CREATE FUNCTION public.credits_for(p_user public.users."id"%TYPE, p_status public."BookingStatus" DEFAULT 'accepted'::public."BookingStatus", VARIADIC p_more public."BookingStatus"[] DEFAULT '{}')
RETURNS integer LANGUAGE sql STABLE AS $f$
	SELECT count(*)::integer FROM public."Booking" AS b WHERE b."userId" = p_user AND (b.status = p_status OR b.status = ANY (p_more))
$f$;
--> statement-breakpoint
CREATE TABLE "CreditBalance" ("id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL, "userId" integer, "credits" integer DEFAULT 0 NOT NULL, CONSTRAINT "CreditBalance_userId_unique" UNIQUE("userId"));
--> statement-breakpoint
INSERT INTO public."CreditBalance" ("userId", credits) SELECT public.users.id, public.credits_for(public.users.id, 'accepted', 'cancelled', 'rejected'::public."BookingStatus") FROM public.users;
--> statement-breakpoint
SELECT * FROM ROWS FROM (public.credits_for(1), generate_series(1, 2)) AS x(a, b);
--> statement-breakpoint
ALTER TABLE public."CreditBalance" ADD CONSTRAINT "CreditBalance_not_negative" CHECK (public."CreditBalance".credits >= 0) NO INHERIT, ADD FOREIGN KEY ("userId") REFERENCES public.users (id) ON DELETE SET NULL;
--> statement-breakpoint
COMMENT ON FUNCTION public.credits_for(integer, public."BookingStatus", public."BookingStatus"[]) IS 'counts bookings';
