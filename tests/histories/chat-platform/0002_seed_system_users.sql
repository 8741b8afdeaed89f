-- Custom SQL migration file, put your code below! --
INSERT INTO "public"."users" ("id", "username", "email", "full_name") VALUES
	('usr_system', 'system', 'system@example.com', 'System'),
	('usr_ada', 'ada', 'Ada@Example.com', 'Ada L.'),
	('usr_bob', 'bob', 'bob@example.com', 'Bob; "public".users'),
	('usr_eve', 'eve', NULL, NULL);
--> statement-breakpoint
INSERT INTO public.session_groups (id, name, sort, user_id)
SELECT 'grp_' || public.users.username, 'Default', 0, public.users.id FROM public.users WHERE public.users.email IS NOT NULL;
--> statement-breakpoint
INSERT INTO public.sessions AS s (id, slug, title, user_id, group_id)
SELECT 'ssn_' || u.username, u.username || '-inbox', 'Inbox', u.id, g.id
FROM public.users AS u LEFT JOIN public.session_groups g ON g.user_id = u.id
ON CONFLICT (slug) DO UPDATE SET title = EXCLUDED.title || s.title;
--> statement-breakpoint
WITH first AS (
	INSERT INTO "public"."messages" ("id", "role", "content", "session_id", "user_id")
	SELECT 'msg_' || s.user_id, 'user'::"public"."message_role", 'hello', s.id, s.user_id FROM "public"."sessions" s
	RETURNING "public"."messages"."id", "public"."messages"."session_id" AS sid, messages.user_id
)
INSERT INTO public.messages (id, role, content, session_id, parent_id, user_id)
SELECT f.id || '_reply', public.message_role 'assistant', 'hi there', f.sid, NULL, f.user_id FROM first f;
