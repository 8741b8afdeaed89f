ALTER TABLE "nodes" DROP CONSTRAINT "nodes_agent_id_agents_id_fk";--> statement-breakpoint
ALTER TABLE "nodes" DROP CONSTRAINT "nodes_tool_id_tools_id_fk";--> statement-breakpoint
ALTER TABLE "agent_tools" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "agents" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "prompts" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "tools" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
DROP TABLE "agent_tools" CASCADE;--> statement-breakpoint
DROP TABLE "agents" CASCADE;--> statement-breakpoint
DROP TABLE "prompts" CASCADE;--> statement-breakpoint
DROP TABLE "tools" CASCADE;--> statement-breakpoint
ALTER TABLE "nodes" DROP CONSTRAINT "nodes_agent_only_on_agents";--> statement-breakpoint
ALTER TABLE "nodes" DROP CONSTRAINT "nodes_tool_only_on_tools";--> statement-breakpoint
DROP INDEX "nodes_agent_id_idx";--> statement-breakpoint
DROP INDEX "nodes_tool_id_idx";--> statement-breakpoint
ALTER TABLE "nodes" DROP COLUMN "agent_id";--> statement-breakpoint
ALTER TABLE "nodes" DROP COLUMN "tool_id";--> statement-breakpoint
DROP TYPE "public"."tool_kind";
