ALTER TABLE "workflow_versions" DROP CONSTRAINT "workflow_versions_number_key";--> statement-breakpoint
ALTER TABLE "workflow_versions" DROP CONSTRAINT "workflow_versions_number_positive";--> statement-breakpoint
ALTER TABLE "workflows" DROP CONSTRAINT "workflows_slug_format";--> statement-breakpoint
DROP INDEX "workflows_slug_key";--> statement-breakpoint
ALTER TABLE "workflow_versions" ALTER COLUMN "version_number" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "workflows" ALTER COLUMN "slug" DROP NOT NULL;
