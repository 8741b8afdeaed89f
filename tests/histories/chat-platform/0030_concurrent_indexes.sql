CREATE INDEX CONCURRENTLY IF NOT EXISTS "files_user_id_idx" ON "public"."files" USING btree ("user_id");
CREATE UNIQUE INDEX CONCURRENTLY "knowledge_bases_name_idx" ON public.knowledge_bases (user_id, public.slugify(name));
-- public.topics is small
CREATE INDEX CONCURRENTLY "topics_session_idx" ON "topics" ("session_id") WHERE "session_id" IS NOT NULL AND "public"."topics"."title" <> 'public.hidden';
