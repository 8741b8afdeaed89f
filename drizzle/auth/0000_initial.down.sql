DROP TABLE "credentials" CASCADE;--> statement-breakpoint
DROP TABLE "memberships" CASCADE;--> statement-breakpoint
DROP TABLE "organisations" CASCADE;--> statement-breakpoint
DROP TABLE "sessions" CASCADE;--> statement-breakpoint
DROP TABLE "users" CASCADE;--> statement-breakpoint
DROP TYPE "public"."credential_type";--> statement-breakpoint
DROP TYPE "public"."organisation_plan";--> statement-breakpoint
DROP TYPE "public"."user_status";
