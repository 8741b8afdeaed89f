CREATE TYPE "public"."node_kind" AS ENUM('start', 'agent', 'tool', 'condition', 'approval', 'group', 'end');--> statement-breakpoint
CREATE TYPE "public"."trigger_kind" AS ENUM('manual', 'schedule', 'webhook', 'email', 'api');--> statement-breakpoint
CREATE TYPE "public"."version_state" AS ENUM('draft', 'published', 'archived');--> statement-breakpoint
CREATE TABLE "edges" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "edges_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"version_id" uuid NOT NULL,
	"from_node_id" uuid NOT NULL,
	"to_node_id" uuid NOT NULL,
	"port" text DEFAULT 'out' NOT NULL,
	"priority" smallint DEFAULT 0 NOT NULL,
	"condition" jsonb,
	CONSTRAINT "edges_from_port_to_key" UNIQUE("from_node_id","port","to_node_id"),
	CONSTRAINT "edges_no_loop" CHECK ("edges"."from_node_id" <> "edges"."to_node_id")
);
--> statement-breakpoint
CREATE TABLE "nodes" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"version_id" uuid NOT NULL,
	"group_id" uuid,
	"key" text NOT NULL,
	"kind" "node_kind" NOT NULL,
	"label" text DEFAULT '' NOT NULL,
	"config" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"max_attempts" integer DEFAULT 3 NOT NULL,
	"position_x" integer DEFAULT 0 NOT NULL,
	"position_y" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "nodes_version_key_key" UNIQUE("version_id","key"),
	CONSTRAINT "nodes_version_id_key" UNIQUE("version_id","id"),
	CONSTRAINT "nodes_max_attempts_range" CHECK ("nodes"."max_attempts" between 1 and 20)
);
--> statement-breakpoint
CREATE TABLE "workflow_versions" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"workflow_id" uuid NOT NULL,
	"based_on_id" uuid,
	"state" "version_state" DEFAULT 'draft' NOT NULL,
	"release_notes" text DEFAULT '' NOT NULL,
	"input_schema" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_by" uuid NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"published_at" timestamp with time zone,
	CONSTRAINT "workflow_versions_id_workflow_key" UNIQUE("id","workflow_id"),
	CONSTRAINT "workflow_versions_published_has_date" CHECK ("workflow_versions"."state" <> 'published' or "workflow_versions"."published_at" is not null)
);
--> statement-breakpoint
CREATE TABLE "workflows" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"name" text NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"labels" text[] DEFAULT '{}' NOT NULL,
	"default_trigger" "trigger_kind" DEFAULT 'manual' NOT NULL,
	"settings" jsonb DEFAULT '{"maxConcurrentExecutions":10,"retentionDays":90}'::jsonb NOT NULL,
	"enabled" boolean DEFAULT true NOT NULL,
	"owner_id" uuid NOT NULL,
	"live_version_id" uuid,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"archived_at" timestamp with time zone,
	CONSTRAINT "workflows_name_not_blank" CHECK (btrim("workflows"."name") <> '')
);
--> statement-breakpoint
ALTER TABLE "edges" ADD CONSTRAINT "edges_from_node_fk" FOREIGN KEY ("version_id","from_node_id") REFERENCES "public"."nodes"("version_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "edges" ADD CONSTRAINT "edges_to_node_fk" FOREIGN KEY ("version_id","to_node_id") REFERENCES "public"."nodes"("version_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "nodes" ADD CONSTRAINT "nodes_version_id_workflow_versions_id_fk" FOREIGN KEY ("version_id") REFERENCES "public"."workflow_versions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "nodes" ADD CONSTRAINT "nodes_group_fk" FOREIGN KEY ("version_id","group_id") REFERENCES "public"."nodes"("version_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "workflow_versions" ADD CONSTRAINT "workflow_versions_workflow_id_workflows_id_fk" FOREIGN KEY ("workflow_id") REFERENCES "public"."workflows"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "workflow_versions" ADD CONSTRAINT "workflow_versions_based_on_id_workflow_versions_id_fk" FOREIGN KEY ("based_on_id") REFERENCES "public"."workflow_versions"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "workflows" ADD CONSTRAINT "workflows_live_version_id_workflow_versions_id_fk" FOREIGN KEY ("live_version_id") REFERENCES "public"."workflow_versions"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "edges_version_from_idx" ON "edges" USING btree ("version_id","from_node_id");--> statement-breakpoint
CREATE INDEX "edges_version_to_idx" ON "edges" USING btree ("version_id","to_node_id");--> statement-breakpoint
CREATE INDEX "nodes_group_id_idx" ON "nodes" USING btree ("group_id");--> statement-breakpoint
CREATE UNIQUE INDEX "workflow_versions_one_draft_key" ON "workflow_versions" USING btree ("workflow_id") WHERE "workflow_versions"."state" = 'draft';--> statement-breakpoint
CREATE INDEX "workflow_versions_based_on_id_idx" ON "workflow_versions" USING btree ("based_on_id");--> statement-breakpoint
CREATE INDEX "workflows_name_lower_idx" ON "workflows" USING btree (lower("name"));--> statement-breakpoint
CREATE INDEX "workflows_labels_idx" ON "workflows" USING gin ("labels");--> statement-breakpoint
CREATE INDEX "workflows_owner_id_idx" ON "workflows" USING btree ("owner_id");--> statement-breakpoint
CREATE INDEX "workflows_live_version_id_idx" ON "workflows" USING btree ("live_version_id");