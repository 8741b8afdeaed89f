CREATE TYPE "public"."job_status" AS ENUM('pending', 'running', 'succeeded', 'failed');--> statement-breakpoint
CREATE TABLE "ingestion_jobs" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"source_id" uuid NOT NULL,
	"status" "job_status" DEFAULT 'pending' NOT NULL,
	"priority" smallint DEFAULT 0 NOT NULL,
	"requested_by" text DEFAULT 'scheduler' NOT NULL,
	"stats" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"run_after" timestamp with time zone DEFAULT now() NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp with time zone,
	CONSTRAINT "ingestion_jobs_source_id_key" UNIQUE("source_id","id"),
	CONSTRAINT "ingestion_jobs_priority_range" CHECK ("ingestion_jobs"."priority" between -10 and 10)
);
--> statement-breakpoint
CREATE TABLE "job_attempts" (
	"job_id" uuid NOT NULL,
	"attempt" smallint NOT NULL,
	"worker" text NOT NULL,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"heartbeat_at" timestamp with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp with time zone,
	"error" text,
	CONSTRAINT "job_attempts_pkey" PRIMARY KEY("job_id","attempt"),
	CONSTRAINT "job_attempts_attempt_positive" CHECK ("job_attempts"."attempt" > 0),
	CONSTRAINT "job_attempts_finish_after_start" CHECK ("job_attempts"."finished_at" >= "job_attempts"."started_at")
);
--> statement-breakpoint
ALTER TABLE "documents" ADD COLUMN "last_job_id" uuid;--> statement-breakpoint
ALTER TABLE "ingestion_jobs" ADD CONSTRAINT "ingestion_jobs_source_id_sources_id_fk" FOREIGN KEY ("source_id") REFERENCES "public"."sources"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "job_attempts" ADD CONSTRAINT "job_attempts_job_id_ingestion_jobs_id_fk" FOREIGN KEY ("job_id") REFERENCES "public"."ingestion_jobs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "ingestion_jobs_queue_idx" ON "ingestion_jobs" USING btree ("priority" DESC NULLS LAST,"run_after") WHERE "ingestion_jobs"."status" = 'pending';--> statement-breakpoint
CREATE UNIQUE INDEX "ingestion_jobs_one_running_key" ON "ingestion_jobs" USING btree ("source_id") WHERE "ingestion_jobs"."status" = 'running';--> statement-breakpoint
CREATE INDEX "job_attempts_open_idx" ON "job_attempts" USING btree ("heartbeat_at") WHERE "job_attempts"."finished_at" is null;--> statement-breakpoint
ALTER TABLE "documents" ADD CONSTRAINT "documents_last_job_fk" FOREIGN KEY ("source_id","last_job_id") REFERENCES "public"."ingestion_jobs"("source_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "documents_last_job_idx" ON "documents" USING btree ("source_id","last_job_id");