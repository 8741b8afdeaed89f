ALTER TABLE "ingestion_jobs" DROP CONSTRAINT "ingestion_jobs_not_own_retry";--> statement-breakpoint
ALTER TABLE "ingestion_jobs" DROP CONSTRAINT "ingestion_jobs_retry_of_fk";
--> statement-breakpoint
DROP INDEX "ingestion_jobs_retry_candidates_idx";--> statement-breakpoint
DROP INDEX "ingestion_jobs_retry_of_idx";--> statement-breakpoint
ALTER TABLE "ingestion_jobs" DROP COLUMN "retry_of_id";
