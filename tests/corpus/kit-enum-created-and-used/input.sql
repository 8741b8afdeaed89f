CREATE TYPE "public"."mood" AS ENUM('sad', 'ok', 'public', 'public.happy');--> statement-breakpoint
CREATE TABLE "person" (
	"id" serial PRIMARY KEY NOT NULL,
	"mood" "public"."mood" DEFAULT 'public' NOT NULL,
	"moods" "public"."mood"[] DEFAULT '{"public"}' NOT NULL
);
