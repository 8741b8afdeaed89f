ALTER TABLE "person" RENAME TO "public";--> statement-breakpoint
ALTER TABLE "public" RENAME COLUMN "public" TO "private";--> statement-breakpoint
ALTER TABLE "public" RENAME CONSTRAINT "public_fk" TO "public.fk";--> statement-breakpoint
ALTER TABLE "public"."public" RENAME TO "person";--> statement-breakpoint
ALTER INDEX "public"."person_idx" RENAME TO "public";
