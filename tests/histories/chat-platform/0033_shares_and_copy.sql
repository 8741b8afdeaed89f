CREATE TABLE "public"."archived_messages" (LIKE "public"."messages" INCLUDING ALL, "archived_at" date DEFAULT '2024-06-01' NOT NULL);
--> statement-breakpoint
INSERT INTO public.archived_messages SELECT public.messages.*, date '2024-07-01' FROM public.messages WHERE public.messages.role = 'user';
--> statement-breakpoint
CREATE TABLE public.share_candidates AS SELECT public.topics.id, public.topics.title, public.slugify(public.topics.title) AS slug FROM public.topics WITH DATA;
--> statement-breakpoint
ALTER TABLE public.share_candidates ADD PRIMARY KEY (id), ADD COLUMN source public.provider_source NOT NULL DEFAULT 'custom'::public.provider_source;
--> statement-breakpoint
CREATE TABLE "topic_shares" (
	"id" text PRIMARY KEY DEFAULT 'public.' || md5('x') NOT NULL,
	"topic_id" text NOT NULL,
	"visibility" text DEFAULT 'public' NOT NULL,
	CONSTRAINT "topic_shares_topic_id_unique" UNIQUE("topic_id"),
	CONSTRAINT "topic_shares_visibility" CHECK ("topic_shares"."visibility" in ('public', 'private', 'public.link'))
);
--> statement-breakpoint
ALTER TABLE "topic_shares" ADD CONSTRAINT "topic_shares_topic_fk" FOREIGN KEY ("topic_id") REFERENCES "public"."share_candidates"("id") ON UPDATE SET DEFAULT NOT VALID;
--> statement-breakpoint
ALTER TABLE public.topic_shares VALIDATE CONSTRAINT topic_shares_topic_fk;
--> statement-breakpoint
COMMENT ON CONSTRAINT "topic_shares_visibility" ON "public"."topic_shares" IS 'public is a value here';
