ALTER TABLE "documents" DROP CONSTRAINT "documents_last_job_fk";--> statement-breakpoint
ALTER TABLE "ingestion_jobs" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "job_attempts" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
DROP TABLE "ingestion_jobs" CASCADE;--> statement-breakpoint
DROP TABLE "job_attempts" CASCADE;--> statement-breakpoint
DROP INDEX "documents_last_job_idx";--> statement-breakpoint
ALTER TABLE "documents" DROP COLUMN "last_job_id";--> statement-breakpoint
DROP TYPE "public"."job_status";
