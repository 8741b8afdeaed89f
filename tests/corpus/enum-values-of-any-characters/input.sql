ALTER TYPE "public"."state" ADD VALUE 'in-progress';--> statement-breakpoint
ALTER TYPE "public"."state" ADD VALUE 'to ship';--> statement-breakpoint
ALTER TYPE "public"."state" ADD VALUE 'a:b,c;d@e(f)*+?[g]{h}|^$.\i''j"k/-';--> statement-breakpoint
ALTER TYPE "public"."state" ADD VALUE '(';--> statement-breakpoint
CREATE TABLE "job" ("id" integer, "note" text DEFAULT 'progress');--> statement-breakpoint
ALTER TABLE "job" ADD COLUMN "state" "public"."state" DEFAULT 'a:b,c;d@e(f)*+?[g]{h}|^$.\i''j"k/-';
