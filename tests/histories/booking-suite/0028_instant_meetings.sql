ALTER TYPE "public"."BookingStatus" ADD VALUE IF NOT EXISTS 'instant' AFTER 'accepted';
--> statement-breakpoint
UPDATE public."Booking" SET status = 'instant' WHERE uid = 'walk-in';
--> statement-breakpoint
CREATE INDEX "Booking_instant" ON "Booking" ("startTime") WHERE "public"."Booking"."status" = 'instant'::"public"."BookingStatus";
