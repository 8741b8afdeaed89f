DROP VIEW "public"."services" CASCADE;--> statement-breakpoint
DROP TRIGGER "countStatus" ON "public"."application";--> statement-breakpoint
DROP INDEX "public"."metric_cpu";--> statement-breakpoint
ALTER TABLE "application" ALTER COLUMN "applicationStatus" SET DATA TYPE text;--> statement-breakpoint
ALTER TABLE "application" ALTER COLUMN "applicationStatus" SET DEFAULT 'idle'::text;--> statement-breakpoint
ALTER TABLE "compose" ALTER COLUMN "composeStatus" SET DATA TYPE text;--> statement-breakpoint
ALTER TABLE "compose" ALTER COLUMN "composeStatus" SET DEFAULT 'idle'::text;--> statement-breakpoint
ALTER TABLE "postgres" ALTER COLUMN "status" SET DATA TYPE text;--> statement-breakpoint
ALTER TABLE "postgres" ALTER COLUMN "status" SET DEFAULT 'idle'::text;--> statement-breakpoint
ALTER TABLE "mysql" ALTER COLUMN "status" SET DATA TYPE text;--> statement-breakpoint
ALTER TABLE "mysql" ALTER COLUMN "status" SET DEFAULT 'idle'::text;--> statement-breakpoint
ALTER TABLE "metric" ALTER COLUMN "status" SET DATA TYPE text;--> statement-breakpoint
ALTER TABLE "metric" ALTER COLUMN "status" SET DEFAULT 'idle'::text;--> statement-breakpoint
DROP TYPE "public"."applicationStatus";--> statement-breakpoint
CREATE TYPE "public"."applicationStatus" AS ENUM('idle', 'running', 'done', 'error', 'paused');--> statement-breakpoint
ALTER TABLE "application" ALTER COLUMN "applicationStatus" SET DEFAULT 'idle'::"public"."applicationStatus";--> statement-breakpoint
ALTER TABLE "application" ALTER COLUMN "applicationStatus" SET DATA TYPE "public"."applicationStatus" USING "applicationStatus"::"public"."applicationStatus";--> statement-breakpoint
ALTER TABLE "compose" ALTER COLUMN "composeStatus" SET DEFAULT 'idle'::"public"."applicationStatus";--> statement-breakpoint
ALTER TABLE "compose" ALTER COLUMN "composeStatus" SET DATA TYPE "public"."applicationStatus" USING "composeStatus"::"public"."applicationStatus";--> statement-breakpoint
ALTER TABLE "postgres" ALTER COLUMN "status" SET DEFAULT 'idle'::"public"."applicationStatus";--> statement-breakpoint
ALTER TABLE "postgres" ALTER COLUMN "status" SET DATA TYPE "public"."applicationStatus" USING "status"::"public"."applicationStatus";--> statement-breakpoint
ALTER TABLE "mysql" ALTER COLUMN "status" SET DEFAULT 'idle'::"public"."applicationStatus";--> statement-breakpoint
ALTER TABLE "mysql" ALTER COLUMN "status" SET DATA TYPE "public"."applicationStatus" USING "status"::"public"."applicationStatus";--> statement-breakpoint
ALTER TABLE "metric" ALTER COLUMN "status" SET DEFAULT 'idle'::"public"."applicationStatus";--> statement-breakpoint
ALTER TABLE "metric" ALTER COLUMN "status" SET DATA TYPE "public"."applicationStatus" USING "status"::"public"."applicationStatus";--> statement-breakpoint
CREATE TRIGGER "countStatus" BEFORE UPDATE OF "applicationStatus" ON "application" FOR EACH ROW WHEN (NEW."applicationStatus" <> 'paused'::"public"."applicationStatus") EXECUTE FUNCTION "public"."countStatus"();--> statement-breakpoint
CREATE VIEW "public"."services" AS (select "applicationId" as "id", "applicationStatus" as "status", "projectId" from "public"."application" union all select "composeId", "composeStatus", "public"."compose"."projectId" from "public"."compose");
