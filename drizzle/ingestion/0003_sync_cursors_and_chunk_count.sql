CREATE TABLE "sync_cursors" (
	"source_id" uuid NOT NULL,
	"stream" text DEFAULT 'documents' NOT NULL,
	"position" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"generation" integer DEFAULT 1 NOT NULL,
	"synced_at" timestamp with time zone,
	CONSTRAINT "sync_cursors_pkey" PRIMARY KEY("source_id","stream"),
	CONSTRAINT "sync_cursors_position_is_object" CHECK (jsonb_typeof("sync_cursors"."position") = 'object')
);
--> statement-breakpoint
ALTER TABLE "documents" ADD COLUMN "host" text GENERATED ALWAYS AS (lower(substring(uri from '^[a-z0-9+.-]+://([^/:]+)'))) STORED;--> statement-breakpoint
ALTER TABLE "documents" ADD COLUMN "chunk_count" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "sync_cursors" ADD CONSTRAINT "sync_cursors_source_id_sources_id_fk" FOREIGN KEY ("source_id") REFERENCES "public"."sources"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "documents_host_idx" ON "documents" USING btree ("host");