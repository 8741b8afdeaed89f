ALTER TABLE "person" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
DROP TABLE "person" CASCADE;--> statement-breakpoint
DROP TABLE "public"."public", public.note CASCADE;--> statement-breakpoint
DROP INDEX "person_idx";--> statement-breakpoint
DROP INDEX IF EXISTS "public"."public";--> statement-breakpoint
ALTER TABLE "public"."note" DROP COLUMN IF EXISTS "public" CASCADE;
