WITH users AS (
	SELECT * FROM public.users WHERE public.users.email IS NOT NULL
), "new topics" AS (
	INSERT INTO public.topics (id, title, session_id, user_id)
	SELECT 'tpc_' || users.username, 'First topic of "public"."sessions"', s.id, users.id
	FROM users JOIN public.sessions AS s ON s.user_id = users.id
	RETURNING public.topics.id AS topic_id, public.topics.session_id
)
UPDATE public.messages SET topic_id = n.topic_id
FROM "new topics" n
WHERE public.messages.session_id = n.session_id;
--> statement-breakpoint
WITH gone AS (DELETE FROM public.messages WHERE public.messages.topic_id IS NULL AND messages.role = 'assistant'::public.message_role RETURNING public.messages.*)
INSERT INTO public.chunks (id, text, "index", type, user_id)
SELECT '00000000-0000-4000-8000-000000000001', gone.content, 0, 'public.chunk', gone.user_id FROM gone;
