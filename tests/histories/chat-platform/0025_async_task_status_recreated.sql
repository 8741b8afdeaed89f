UPDATE "public"."async_tasks" SET "status" = 'pending' WHERE "status" = 'queued';--> statement-breakpoint
DROP VIEW "public"."task_summary";--> statement-breakpoint
ALTER TABLE "public"."async_tasks" ALTER COLUMN "status" SET DATA TYPE text;--> statement-breakpoint
ALTER TABLE "public"."async_tasks" ALTER COLUMN "status" SET DEFAULT 'pending'::text;--> statement-breakpoint
DROP TYPE "public"."async_task_status";--> statement-breakpoint
CREATE TYPE "public"."async_task_status" AS ENUM('pending', 'processing', 'cancelled', 'success', 'error');--> statement-breakpoint
ALTER TABLE "public"."async_tasks" ALTER COLUMN "status" SET DEFAULT 'pending'::"public"."async_task_status";--> statement-breakpoint
ALTER TABLE "public"."async_tasks" ALTER COLUMN "status" SET DATA TYPE "public"."async_task_status" USING "status"::"public"."async_task_status";--> statement-breakpoint
CREATE VIEW "public"."task_summary" AS (select "status", count(*) as "total" from "public"."async_tasks" group by "public"."async_tasks"."status");
