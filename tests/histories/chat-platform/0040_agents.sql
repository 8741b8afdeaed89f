CREATE TABLE "agents" ("id" text PRIMARY KEY NOT NULL, "slug" varchar(100), "title" text, "tags" jsonb DEFAULT '[]'::jsonb, "chat_config" jsonb, "user_id" text NOT NULL);--> statement-breakpoint
CREATE TABLE "agents_files" ("file_id" text NOT NULL, "agent_id" text NOT NULL, "enabled" boolean DEFAULT true, CONSTRAINT "agents_files_pk" PRIMARY KEY("file_id","agent_id"));--> statement-breakpoint
CREATE TABLE "agents_to_sessions" ("agent_id" text NOT NULL, "session_id" text NOT NULL, CONSTRAINT "agents_to_sessions_agent_id_session_id_pk" PRIMARY KEY("agent_id","session_id"));--> statement-breakpoint
ALTER TABLE "agents" ADD CONSTRAINT "agents_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "agents_files" ADD CONSTRAINT "agents_files_file_id_files_id_fk" FOREIGN KEY ("file_id") REFERENCES "public"."files"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "agents_files" ADD CONSTRAINT "agents_files_agent_id_agents_id_fk" FOREIGN KEY ("agent_id") REFERENCES "public"."agents"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "agents_to_sessions" ADD CONSTRAINT "agents_to_sessions_agent_id_agents_id_fk" FOREIGN KEY ("agent_id") REFERENCES "public"."agents"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "agents_to_sessions" ADD CONSTRAINT "agents_to_sessions_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
WITH made AS (
	INSERT INTO public.agents AS public (id, slug, title, user_id)
	SELECT 'agt_' || s.slug, s.slug, s.title, s.user_id FROM public.sessions s
	RETURNING public.id, public.slug
), linked AS (
	INSERT INTO public.agents_to_sessions (agent_id, session_id)
	SELECT made.id, public.sessions.id FROM made JOIN public.sessions ON public.sessions.slug = made.slug
	RETURNING *
)
INSERT INTO public.agents_files (agent_id, file_id)
SELECT linked.agent_id, f.id FROM linked, public.files AS f, public.sessions AS public WHERE public.id = linked.session_id AND public.user_id = f.user_id;
--> statement-breakpoint
DELETE FROM public.agents_files AS public WHERE public.agent_id = (SELECT min(public.agents_files.agent_id) FROM public.agents_files);
