CREATE TYPE "public"."connector_kind" AS ENUM('web', 'upload', 's3', 'google_drive', 'confluence');--> statement-breakpoint
CREATE TABLE "connectors" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"kind" "connector_kind" NOT NULL,
	"name" text NOT NULL,
	"config" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"secret_ref" text,
	"enabled" boolean DEFAULT true NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "connectors_name_not_blank" CHECK (btrim("connectors"."name") <> '')
);
--> statement-breakpoint
CREATE TABLE "documents" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"source_id" uuid NOT NULL,
	"parent_id" uuid,
	"external_id" text NOT NULL,
	"uri" text NOT NULL,
	"title" text DEFAULT '' NOT NULL,
	"mime_type" text DEFAULT 'text/plain' NOT NULL,
	"byte_size" bigint DEFAULT 0 NOT NULL,
	"checksum" text,
	"labels" text[] DEFAULT '{}' NOT NULL,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"modified_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone,
	CONSTRAINT "documents_source_id_key" UNIQUE("source_id","id"),
	CONSTRAINT "documents_source_external_id_key" UNIQUE("source_id","external_id"),
	CONSTRAINT "documents_byte_size_not_negative" CHECK ("documents"."byte_size" >= 0),
	CONSTRAINT "documents_checksum_is_sha256" CHECK ("documents"."checksum" ~ '^[0-9a-f]{64}$'),
	CONSTRAINT "documents_not_own_parent" CHECK ("documents"."parent_id" <> "documents"."id")
);
--> statement-breakpoint
CREATE TABLE "sources" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"connector_id" uuid NOT NULL,
	"tenant" text NOT NULL,
	"name" text NOT NULL,
	"root_uri" text NOT NULL,
	"include_patterns" text[] DEFAULT '{"**"}' NOT NULL,
	"exclude_patterns" text[] DEFAULT '{}' NOT NULL,
	"chunking" jsonb DEFAULT '{"maxTokens":512,"overlapTokens":64}'::jsonb NOT NULL,
	"sync_interval_minutes" integer DEFAULT 60 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"paused_at" timestamp with time zone,
	CONSTRAINT "sources_tenant_name_key" UNIQUE("tenant","name"),
	CONSTRAINT "sources_sync_interval_range" CHECK ("sources"."sync_interval_minutes" between 5 and 10080),
	CONSTRAINT "sources_includes_something" CHECK (cardinality("sources"."include_patterns") > 0)
);
--> statement-breakpoint
ALTER TABLE "documents" ADD CONSTRAINT "documents_source_id_sources_id_fk" FOREIGN KEY ("source_id") REFERENCES "public"."sources"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "documents" ADD CONSTRAINT "documents_parent_fk" FOREIGN KEY ("source_id","parent_id") REFERENCES "public"."documents"("source_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sources" ADD CONSTRAINT "sources_connector_id_connectors_id_fk" FOREIGN KEY ("connector_id") REFERENCES "public"."connectors"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "connectors_name_key" ON "connectors" USING btree (lower("name"));--> statement-breakpoint
CREATE INDEX "documents_parent_idx" ON "documents" USING btree ("source_id","parent_id");--> statement-breakpoint
CREATE INDEX "documents_labels_idx" ON "documents" USING gin ("labels");--> statement-breakpoint
CREATE INDEX "documents_metadata_idx" ON "documents" USING gin ("metadata" jsonb_path_ops);--> statement-breakpoint
CREATE INDEX "documents_modified_at_idx" ON "documents" USING btree ("source_id","modified_at" DESC NULLS LAST) WHERE "documents"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "sources_connector_id_idx" ON "sources" USING btree ("connector_id");