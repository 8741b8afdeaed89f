UPDATE public."Booking" SET status = 'awaiting_host'::public."BookingStatus" WHERE status = 'pending';
--> statement-breakpoint
INSERT INTO public."Membership" ("teamId", "userId", role) SELECT t.id, 1, 'GUEST'::public."MembershipRole" FROM public."Team" t
ON CONFLICT ("userId", "teamId") DO UPDATE SET role = EXCLUDED.role, accepted = NOT public."Membership".accepted WHERE public."Membership".role = 'MEMBER';
--> statement-breakpoint
MERGE INTO "public"."Membership" AS m USING (SELECT u.id, t.id AS team FROM public.users u, public."Team" t WHERE u.name IS NULL) AS s ON (m."userId", m."teamId") = (s.id, s.team)
WHEN MATCHED AND m.role <> 'OWNER'::public."MembershipRole" THEN UPDATE SET role = 'ADMIN'::"public"."MembershipRole"
WHEN NOT MATCHED THEN INSERT ("teamId", "userId", role) VALUES (s.team, s.id, public."MembershipRole" 'GUEST');
