CREATE STATISTICS public."Booking stats" (mcv, dependencies) ON "userId", "eventTypeId", status FROM public."Booking";--> statement-breakpoint
CREATE STATISTICS IF NOT EXISTS "public"."user_stats" ON (lower(email::text)), (public.host_label(id)), "role" FROM public.users;--> statement-breakpoint
ALTER TABLE public."Booking" SET (fillfactor = 80, toast.autovacuum_enabled = off);--> statement-breakpoint
ALTER INDEX public."Booking_userId_idx" SET (fillfactor = 60);--> statement-breakpoint
ALTER TABLE public."Booking" CLUSTER ON "Booking_userId_idx";--> statement-breakpoint
ALTER TABLE public."Booking" ALTER COLUMN title SET STORAGE EXTERNAL, ALTER COLUMN "userId" SET STATISTICS 300, ALTER COLUMN "userId" SET (n_distinct = 5);--> statement-breakpoint
CLUSTER public."Booking" USING "Booking_userId_idx";--> statement-breakpoint
ANALYZE public."Booking";--> statement-breakpoint
DROP STATISTICS public.user_stats;--> statement-breakpoint
COMMENT ON STATISTICS "public"."Booking stats" IS 'three columns';
