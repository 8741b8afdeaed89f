CREATE FUNCTION public.thread_path(p_thread text) RETURNS SETOF public.threads LANGUAGE sql STABLE ROWS 10 AS '
	WITH RECURSIVE path AS (
		SELECT public.threads.*, 0 AS depth FROM public.threads WHERE public.threads.id = p_thread
		UNION ALL
		SELECT t.*, path.depth + 1 FROM public.threads t JOIN path ON path.parent_thread_id = t.id
	)
	SELECT id, title, type, topic_id, parent_thread_id, source_message_id FROM path WHERE title IS DISTINCT FROM ''public.threads'' ORDER BY depth
';
--> statement-breakpoint
UPDATE public.threads SET title = 'Branch ' || (SELECT count(*) FROM public.thread_path(public.threads.id)) || ' of ' || (SELECT public.topics.title FROM public.topics WHERE public.topics.id = public.threads.topic_id);
--> statement-breakpoint
CREATE VIEW public.thread_list AS SELECT t.id, p.id AS ancestor, t.type = public.thread_type 'standalone' AS alone FROM public.threads AS t, public.thread_path(t.id) AS p;
