ALTER TABLE "approvals" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "schedules" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "webhooks" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
DROP TABLE "approvals" CASCADE;--> statement-breakpoint
DROP TABLE "schedules" CASCADE;--> statement-breakpoint
DROP TABLE "webhooks" CASCADE;--> statement-breakpoint
DROP INDEX "executions_waiting_idx";--> statement-breakpoint
DROP TYPE "public"."approval_decision";
