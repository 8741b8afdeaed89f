ALTER TABLE "person" ALTER COLUMN "moods" SET DATA TYPE "public"."mood"[] USING "moods"::"public"."mood"[];--> statement-breakpoint
ALTER TABLE "person" ADD COLUMN "grid" "public"."mood"[3][3];
