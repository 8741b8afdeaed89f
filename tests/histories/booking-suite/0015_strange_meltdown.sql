ALTER TYPE "BookingStatus" ADD VALUE 'awaiting_host';--> statement-breakpoint
ALTER TYPE "public"."MembershipRole" ADD VALUE 'GUEST' BEFORE 'MEMBER';--> statement-breakpoint
ALTER TABLE "Booking" ADD COLUMN "fromReschedule" text;--> statement-breakpoint
ALTER TABLE "Booking" ADD COLUMN "responses" jsonb DEFAULT '{"public.": []}'::jsonb;
