CREATE TYPE "public"."tool_kind" AS ENUM('http', 'mcp', 'function');--> statement-breakpoint
CREATE TABLE "agent_tools" (
	"agent_id" uuid NOT NULL,
	"tool_id" uuid NOT NULL,
	"preset_arguments" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "agent_tools_pkey" PRIMARY KEY("agent_id","tool_id")
);
--> statement-breakpoint
CREATE TABLE "agents" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"name" text NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"model" text NOT NULL,
	"prompt_id" uuid,
	"temperature" numeric(3, 2) DEFAULT '0.70' NOT NULL,
	"max_steps" integer DEFAULT 25 NOT NULL,
	"fallback_models" text[] DEFAULT '{}' NOT NULL,
	"parameters" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"archived_at" timestamp with time zone,
	CONSTRAINT "agents_temperature_range" CHECK ("agents"."temperature" between 0 and 2),
	CONSTRAINT "agents_max_steps_range" CHECK ("agents"."max_steps" between 1 and 500)
);
--> statement-breakpoint
CREATE TABLE "prompts" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"supersedes_id" uuid,
	"name" text NOT NULL,
	"revision" integer DEFAULT 1 NOT NULL,
	"template" text NOT NULL,
	"variables" text[] DEFAULT '{}' NOT NULL,
	"search" "tsvector" GENERATED ALWAYS AS (to_tsvector('english', name || ' ' || template)) STORED NOT NULL,
	"created_by" uuid NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "prompts_name_revision_key" UNIQUE("name","revision"),
	CONSTRAINT "prompts_revision_positive" CHECK ("prompts"."revision" > 0)
);
--> statement-breakpoint
CREATE TABLE "tools" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"name" text NOT NULL,
	"kind" "tool_kind" NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"endpoint" text,
	"input_schema" jsonb DEFAULT '{"type":"object"}'::jsonb NOT NULL,
	"timeout_ms" integer DEFAULT 30000 NOT NULL,
	"requires_approval" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "tools_name_key" UNIQUE("name"),
	CONSTRAINT "tools_name_format" CHECK ("tools"."name" ~ '^[a-z][a-z0-9_]*$'),
	CONSTRAINT "tools_timeout_range" CHECK ("tools"."timeout_ms" between 1 and 600000),
	CONSTRAINT "tools_remote_has_endpoint" CHECK ("tools"."kind" = 'function' or "tools"."endpoint" is not null)
);
--> statement-breakpoint
ALTER TABLE "nodes" ADD COLUMN "agent_id" uuid;--> statement-breakpoint
ALTER TABLE "nodes" ADD COLUMN "tool_id" uuid;--> statement-breakpoint
ALTER TABLE "agent_tools" ADD CONSTRAINT "agent_tools_agent_id_agents_id_fk" FOREIGN KEY ("agent_id") REFERENCES "public"."agents"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "agent_tools" ADD CONSTRAINT "agent_tools_tool_id_tools_id_fk" FOREIGN KEY ("tool_id") REFERENCES "public"."tools"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "agents" ADD CONSTRAINT "agents_prompt_id_prompts_id_fk" FOREIGN KEY ("prompt_id") REFERENCES "public"."prompts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "prompts" ADD CONSTRAINT "prompts_supersedes_id_prompts_id_fk" FOREIGN KEY ("supersedes_id") REFERENCES "public"."prompts"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "agent_tools_tool_id_idx" ON "agent_tools" USING btree ("tool_id");--> statement-breakpoint
CREATE UNIQUE INDEX "agents_name_key" ON "agents" USING btree (lower("name")) WHERE "agents"."archived_at" is null;--> statement-breakpoint
CREATE INDEX "agents_prompt_id_idx" ON "agents" USING btree ("prompt_id");--> statement-breakpoint
CREATE INDEX "prompts_search_idx" ON "prompts" USING gin ("search");--> statement-breakpoint
CREATE INDEX "prompts_supersedes_id_idx" ON "prompts" USING btree ("supersedes_id");--> statement-breakpoint
CREATE INDEX "tools_input_schema_idx" ON "tools" USING gin ("input_schema" jsonb_path_ops);--> statement-breakpoint
ALTER TABLE "nodes" ADD CONSTRAINT "nodes_agent_id_agents_id_fk" FOREIGN KEY ("agent_id") REFERENCES "public"."agents"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "nodes" ADD CONSTRAINT "nodes_tool_id_tools_id_fk" FOREIGN KEY ("tool_id") REFERENCES "public"."tools"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "nodes_agent_id_idx" ON "nodes" USING btree ("agent_id");--> statement-breakpoint
CREATE INDEX "nodes_tool_id_idx" ON "nodes" USING btree ("tool_id");--> statement-breakpoint
ALTER TABLE "nodes" ADD CONSTRAINT "nodes_agent_only_on_agents" CHECK ("nodes"."agent_id" is null or "nodes"."kind" = 'agent');--> statement-breakpoint
ALTER TABLE "nodes" ADD CONSTRAINT "nodes_tool_only_on_tools" CHECK ("nodes"."tool_id" is null or "nodes"."kind" = 'tool');