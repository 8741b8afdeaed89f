-- What waits is in progress: running says the same of it. The index has to go meanwhile, since it
-- compares the column with a value of its type.
-- drizzle-fleet: data-loss executions and step runs of status waiting become running
UPDATE "executions" SET "status" = 'running' WHERE "status" = 'waiting';--> statement-breakpoint
UPDATE "step_runs" SET "status" = 'running' WHERE "status" = 'waiting';--> statement-breakpoint
DROP INDEX "executions_queue_idx";--> statement-breakpoint
ALTER TABLE "executions" ALTER COLUMN "status" SET DATA TYPE text;--> statement-breakpoint
ALTER TABLE "executions" ALTER COLUMN "status" SET DEFAULT 'queued'::text;--> statement-breakpoint
ALTER TABLE "step_runs" ALTER COLUMN "status" SET DATA TYPE text;--> statement-breakpoint
ALTER TABLE "step_runs" ALTER COLUMN "status" SET DEFAULT 'queued'::text;--> statement-breakpoint
DROP TYPE "public"."execution_status";--> statement-breakpoint
CREATE TYPE "public"."execution_status" AS ENUM('queued', 'running', 'succeeded', 'failed', 'cancelled');--> statement-breakpoint
ALTER TABLE "executions" ALTER COLUMN "status" SET DEFAULT 'queued'::"public"."execution_status";--> statement-breakpoint
ALTER TABLE "executions" ALTER COLUMN "status" SET DATA TYPE "public"."execution_status" USING "status"::"public"."execution_status";--> statement-breakpoint
ALTER TABLE "step_runs" ALTER COLUMN "status" SET DEFAULT 'queued'::"public"."execution_status";--> statement-breakpoint
ALTER TABLE "step_runs" ALTER COLUMN "status" SET DATA TYPE "public"."execution_status" USING "status"::"public"."execution_status";--> statement-breakpoint
CREATE INDEX "executions_queue_idx" ON "executions" USING btree ("created_at") WHERE "executions"."status" = 'queued';
