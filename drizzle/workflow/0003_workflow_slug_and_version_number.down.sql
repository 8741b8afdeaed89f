ALTER TABLE "workflow_versions" DROP COLUMN "version_number";--> statement-breakpoint
ALTER TABLE "workflows" DROP COLUMN "slug";
