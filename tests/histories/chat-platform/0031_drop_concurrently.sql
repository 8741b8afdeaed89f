DROP INDEX CONCURRENTLY "public"."messages_topic_id_idx";--> statement-breakpoint
DROP INDEX CONCURRENTLY IF EXISTS public.never_was;
