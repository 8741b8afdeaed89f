ALTER TYPE "public"."mood" ADD VALUE 'furious';--> statement-breakpoint
ALTER TABLE "person" ALTER COLUMN "mood" SET DEFAULT 'furious';
