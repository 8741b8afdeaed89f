ALTER TABLE "messages" DROP COLUMN IF EXISTS "quota_id";--> statement-breakpoint
ALTER TABLE "public"."chunks" DROP COLUMN "abstract" CASCADE;--> statement-breakpoint
DROP INDEX IF EXISTS "public"."messages_created_at_idx";--> statement-breakpoint
DROP INDEX "public"."slug_user_id_unique";--> statement-breakpoint
DROP TABLE "public"."embeddings" CASCADE;--> statement-breakpoint
ALTER TABLE "public"."tickets" ALTER COLUMN "legacy" DROP DEFAULT;--> statement-breakpoint
DROP SEQUENCE "public"."legacy_number";--> statement-breakpoint
CREATE UNIQUE INDEX "sessions_slug_user_unique" ON "public"."sessions" USING btree ("slug","user_id") INCLUDE ("title");
