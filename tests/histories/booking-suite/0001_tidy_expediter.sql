DO $$ BEGIN
 CREATE TYPE "public"."BookingStatus" AS ENUM('cancelled', 'accepted', 'rejected', 'pending');
EXCEPTION
 WHEN duplicate_object THEN null;
END $$;
--> statement-breakpoint
ALTER TABLE "Booking" ALTER COLUMN "status" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "public"."Booking" ALTER COLUMN "status" SET DATA TYPE "public"."BookingStatus" USING "public"."Booking"."status"::"public"."BookingStatus";--> statement-breakpoint
ALTER TABLE "Booking" ALTER COLUMN "status" SET DEFAULT 'accepted'::"public"."BookingStatus";
