CREATE FUNCTION public.slugify(value text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	AS $$ SELECT trim(both '-' from regexp_replace(lower(value), '[^a-z0-9]+', '-', 'g')) $$;
--> statement-breakpoint
CREATE FUNCTION public.topic_slug(t public.topics) RETURNS text
	LANGUAGE sql STABLE
	RETURN public.slugify((t).title);
--> statement-breakpoint
CREATE INDEX "topics_slug_idx" ON "public"."topics" USING btree (public.slugify("title"));
--> statement-breakpoint
CREATE UNIQUE INDEX "users_email_lower_idx" ON public.users (lower(email), public.slugify(coalesce(public.users.username, 'public.none'))) WHERE public.users.email IS NOT NULL;
--> statement-breakpoint
SELECT public.topic_slug(public.topics.*), t.topic_slug FROM public.topics, public.topics t WHERE public.topics.id = t.id;
--> statement-breakpoint
COMMENT ON FUNCTION public.slugify(text) IS 'Used by the index on public.topics';
--> statement-breakpoint
COMMENT ON INDEX public.topics_slug_idx IS 'calls "public".slugify';
