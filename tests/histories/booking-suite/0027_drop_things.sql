DROP VIEW "public"."odd.view";--> statement-breakpoint
DROP POLICY "attendees" ON "public"."Attendee" CASCADE;--> statement-breakpoint
DROP INDEX "public"."Team_slug_parentId_key";--> statement-breakpoint
DROP TRIGGER users_updated_at ON public.users;--> statement-breakpoint
ALTER TABLE "Booking" DROP COLUMN "fromReschedule";--> statement-breakpoint
ALTER TABLE "public"."Booking" DROP CONSTRAINT "Booking_eventTypeId_EventType_id_fk";--> statement-breakpoint
ALTER TABLE "Booking" ADD CONSTRAINT "Booking_eventTypeId_EventType_id_fk" FOREIGN KEY ("eventTypeId") REFERENCES "public"."EventType"("id") ON DELETE restrict ON UPDATE no action NOT VALID;--> statement-breakpoint
DROP TABLE "public"."Credential" CASCADE;--> statement-breakpoint
DROP TYPE "public"."integration_row";--> statement-breakpoint
DROP OPERATOR IF EXISTS public.>>>! (text, text);--> statement-breakpoint
DROP AGGREGATE IF EXISTS public.latest(integer), public.gone(public."BookingStatus");
