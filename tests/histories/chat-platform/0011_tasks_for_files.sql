INSERT INTO public.files (id, user_id, file_type, name, size, url, metadata)
SELECT 'fil_' || u.username, u.id, 'text/plain', U&'r\00E9sum\00E9 of public.users', 12, E'files/public.users\'s/\\x', jsonb_build_object('table', 'public.files') FROM public.users u;
--> statement-breakpoint
INSERT INTO public.async_tasks (type, status, user_id) SELECT 'chunk', 'queued'::public.async_task_status, user_id FROM public.files;
--> statement-breakpoint
UPDATE public.async_tasks SET status = 'cancelled' WHERE public.async_tasks.user_id = 'usr_eve';
--> statement-breakpoint
INSERT INTO public.knowledge_bases (id, name, user_id) VALUES ('kb_1', 'Manual', 'usr_ada'), ('kb_2', 'Notes', 'usr_bob') RETURNING public.knowledge_bases.id;
--> statement-breakpoint
INSERT INTO public.knowledge_base_files (knowledge_base_id, file_id)
SELECT k.id, f.id FROM public.knowledge_bases k INNER JOIN public.files f USING (user_id);
