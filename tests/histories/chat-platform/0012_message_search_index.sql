COMMIT;
--> statement-breakpoint
CREATE INDEX CONCURRENTLY IF NOT EXISTS "messages_user_id_idx" ON "public"."messages" ("user_id");
--> statement-breakpoint
CREATE INDEX CONCURRENTLY "messages_content_search" ON public.messages USING gin (to_tsvector('simple', coalesce(content, '')));
