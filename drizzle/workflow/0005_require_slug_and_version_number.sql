ALTER TABLE "workflow_versions" ALTER COLUMN "version_number" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "workflows" ALTER COLUMN "slug" SET NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "workflows_slug_key" ON "workflows" USING btree ("slug") WHERE "workflows"."archived_at" is null;--> statement-breakpoint
ALTER TABLE "workflow_versions" ADD CONSTRAINT "workflow_versions_number_key" UNIQUE("workflow_id","version_number");--> statement-breakpoint
ALTER TABLE "workflow_versions" ADD CONSTRAINT "workflow_versions_number_positive" CHECK ("workflow_versions"."version_number" > 0);--> statement-breakpoint
ALTER TABLE "workflows" ADD CONSTRAINT "workflows_slug_format" CHECK ("workflows"."slug" ~ '^[a-z0-9]+(-[a-z0-9]+)*$');