ALTER TABLE "Booking" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "hosts" ON "Booking" AS PERMISSIVE FOR ALL TO public USING ("public"."Booking"."userId" = (SELECT id FROM public.users WHERE username = current_setting('app.user', true))) WITH CHECK ("status" <> 'rejected'::"public"."BookingStatus");--> statement-breakpoint
CREATE POLICY "team owners" ON public."Booking" FOR SELECT USING (EXISTS (SELECT FROM public."Membership" WHERE public."Membership".role = 'OWNER'::public."MembershipRole" AND public."Membership"."userId" = public."Booking"."userId"));--> statement-breakpoint
CREATE POLICY "attendees" ON "Attendee" AS PERMISSIVE FOR UPDATE TO public USING (true) WITH CHECK (public.credits_for(1) > 0);--> statement-breakpoint
ALTER POLICY "hosts" ON "Booking" TO public;--> statement-breakpoint
ALTER POLICY "team owners" ON "public"."Booking" RENAME TO "team.owners";--> statement-breakpoint
COMMENT ON POLICY "team.owners" ON public."Booking" IS 'a dot in its name';
