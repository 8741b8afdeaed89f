ALTER TYPE "public"."user_status" ADD VALUE 'locked' BEFORE 'suspended';--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "failed_sign_ins" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "locked_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "users" ADD CONSTRAINT "users_failed_sign_ins_not_negative" CHECK ("users"."failed_sign_ins" >= 0);