ALTER TABLE "executions" ALTER COLUMN "trigger" SET DATA TYPE text;--> statement-breakpoint
ALTER TABLE "executions" ALTER COLUMN "trigger" SET DEFAULT 'manual'::text;--> statement-breakpoint
ALTER TABLE "workflows" ALTER COLUMN "default_trigger" SET DATA TYPE text;--> statement-breakpoint
ALTER TABLE "workflows" ALTER COLUMN "default_trigger" SET DEFAULT 'manual'::text;--> statement-breakpoint
DROP TYPE "public"."trigger_kind";--> statement-breakpoint
CREATE TYPE "public"."trigger_kind" AS ENUM('manual', 'schedule', 'webhook', 'api');--> statement-breakpoint
ALTER TABLE "executions" ALTER COLUMN "trigger" SET DEFAULT 'manual'::"public"."trigger_kind";--> statement-breakpoint
ALTER TABLE "executions" ALTER COLUMN "trigger" SET DATA TYPE "public"."trigger_kind" USING "trigger"::"public"."trigger_kind";--> statement-breakpoint
ALTER TABLE "workflows" ALTER COLUMN "default_trigger" SET DEFAULT 'manual'::"public"."trigger_kind";--> statement-breakpoint
ALTER TABLE "workflows" ALTER COLUMN "default_trigger" SET DATA TYPE "public"."trigger_kind" USING "default_trigger"::"public"."trigger_kind";