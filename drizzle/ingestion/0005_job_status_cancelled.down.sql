-- A cancelled job has ended without success: that is what failed says. The indexes have to go
-- meanwhile, since they compare the column with a value of its type.
-- drizzle-fleet: data-loss jobs of status cancelled become failed
UPDATE "ingestion_jobs" SET "status" = 'failed' WHERE "status" = 'cancelled';--> statement-breakpoint
DROP INDEX "ingestion_jobs_queue_idx";--> statement-breakpoint
DROP INDEX "ingestion_jobs_one_running_key";--> statement-breakpoint
ALTER TABLE "ingestion_jobs" ALTER COLUMN "status" SET DATA TYPE text;--> statement-breakpoint
ALTER TABLE "ingestion_jobs" ALTER COLUMN "status" SET DEFAULT 'pending'::text;--> statement-breakpoint
DROP TYPE "public"."job_status";--> statement-breakpoint
CREATE TYPE "public"."job_status" AS ENUM('pending', 'running', 'succeeded', 'failed');--> statement-breakpoint
ALTER TABLE "ingestion_jobs" ALTER COLUMN "status" SET DEFAULT 'pending'::"public"."job_status";--> statement-breakpoint
ALTER TABLE "ingestion_jobs" ALTER COLUMN "status" SET DATA TYPE "public"."job_status" USING "status"::"public"."job_status";--> statement-breakpoint
CREATE INDEX "ingestion_jobs_queue_idx" ON "ingestion_jobs" USING btree ("priority" DESC NULLS LAST,"run_after") WHERE "ingestion_jobs"."status" = 'pending';--> statement-breakpoint
CREATE UNIQUE INDEX "ingestion_jobs_one_running_key" ON "ingestion_jobs" USING btree ("source_id") WHERE "ingestion_jobs"."status" = 'running';
