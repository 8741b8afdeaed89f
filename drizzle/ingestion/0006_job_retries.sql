ALTER TABLE "ingestion_jobs" ADD COLUMN "retry_of_id" uuid;--> statement-breakpoint
ALTER TABLE "ingestion_jobs" ADD CONSTRAINT "ingestion_jobs_retry_of_fk" FOREIGN KEY ("source_id","retry_of_id") REFERENCES "public"."ingestion_jobs"("source_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "ingestion_jobs_retry_candidates_idx" ON "ingestion_jobs" USING btree ("source_id","finished_at") WHERE "ingestion_jobs"."status" in ('failed', 'cancelled');--> statement-breakpoint
CREATE INDEX "ingestion_jobs_retry_of_idx" ON "ingestion_jobs" USING btree ("source_id","retry_of_id");--> statement-breakpoint
ALTER TABLE "ingestion_jobs" ADD CONSTRAINT "ingestion_jobs_not_own_retry" CHECK ("ingestion_jobs"."retry_of_id" <> "ingestion_jobs"."id");