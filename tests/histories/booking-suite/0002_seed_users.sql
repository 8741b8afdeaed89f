INSERT INTO "users" ("username", "name", "email", "role") VALUES
	('free', 'Free', 'free@example.com', 'USER'),
	('pro', 'Pro', 'pro@example.com', 'USER'::"public"."UserPermissionRole"),
	('admin', 'Admin of "public"."users"', 'admin@example.com', CAST('ADMIN' AS public."UserPermissionRole")),
	('trial', NULL, 'TRIAL@example.com', DEFAULT);
--> statement-breakpoint
INSERT INTO public."EventType" ("title", "slug", "length", "userId", "schedulingType")
SELECT v.minutes || ' min', v.minutes || '-min', v.minutes, public.users.id, v.kind::"public"."SchedulingType"
FROM public.users, (VALUES (15, NULL), (30, 'roundRobin'), (60, 'collective')) AS v(minutes, kind);
--> statement-breakpoint
INSERT INTO "public"."Booking" ("uid", "userId", "eventTypeId", "title", "startTime", "endTime", "status")
SELECT 'bk-' || e.id, e."userId", e.id, e.title, day.at + make_interval(hours => e.id), day.at + make_interval(hours => e.id, mins => e.length),
	(ARRAY['accepted','pending','cancelled'])[1 + e.id % 3]::public."BookingStatus"
FROM "public"."EventType" e CROSS JOIN (SELECT timestamp '2024-02-05 08:00' AS at) AS day;
--> statement-breakpoint
WITH booked AS (SELECT public."Booking".id, public."Booking"."userId" AS host FROM public."Booking")
INSERT INTO public."Attendee" (email, name, "bookingId")
SELECT 'guest' || booked.id || '@example.com', 'Guest', booked.id FROM booked JOIN public.users ON public.users.id = booked.host;
