ALTER TYPE "public"."mood" ADD VALUE 'glad' BEFORE 'happy';--> statement-breakpoint
ALTER TYPE "public"."mood" ADD VALUE IF NOT EXISTS 'public.gloomy' AFTER 'sad';
