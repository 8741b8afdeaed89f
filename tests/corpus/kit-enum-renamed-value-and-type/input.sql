ALTER TYPE "public"."mood" RENAME VALUE 'public' TO 'everybody';--> statement-breakpoint
ALTER TYPE "public"."mood" RENAME TO "public";--> statement-breakpoint
ALTER TYPE "public"."public" RENAME TO "mood";
