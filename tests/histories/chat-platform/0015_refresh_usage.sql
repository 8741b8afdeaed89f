INSERT INTO public.messages (id, role, content, session_id, user_id) SELECT 'msg_dev_' || id, 'developer', 'be brief', NULL, id FROM public.users;
--> statement-breakpoint
REFRESH MATERIALIZED VIEW "public"."daily_usage";
