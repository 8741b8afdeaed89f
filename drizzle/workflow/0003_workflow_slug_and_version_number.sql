ALTER TABLE "workflow_versions" ADD COLUMN "version_number" integer;--> statement-breakpoint
ALTER TABLE "workflows" ADD COLUMN "slug" text;