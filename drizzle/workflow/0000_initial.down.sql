DROP TABLE "edges" CASCADE;--> statement-breakpoint
DROP TABLE "nodes" CASCADE;--> statement-breakpoint
DROP TABLE "workflow_versions" CASCADE;--> statement-breakpoint
DROP TABLE "workflows" CASCADE;--> statement-breakpoint
DROP TYPE "public"."node_kind";--> statement-breakpoint
DROP TYPE "public"."trigger_kind";--> statement-breakpoint
DROP TYPE "public"."version_state";
