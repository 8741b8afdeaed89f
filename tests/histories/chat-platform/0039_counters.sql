ALTER TABLE public.users ADD COLUMN message_count integer DEFAULT 0 NOT NULL;
--> statement-breakpoint
CREATE FUNCTION public.count_new_messages() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
	UPDATE public.users SET message_count = public.users.message_count + n.total
	FROM (SELECT added.user_id, count(*) AS total FROM added GROUP BY added.user_id) AS n
	WHERE public.users.id = n.user_id;
	RETURN NULL;
END
$body$;
--> statement-breakpoint
CREATE TRIGGER messages_count AFTER INSERT ON public.messages REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION "public".count_new_messages();
--> statement-breakpoint
INSERT INTO public.messages (id, role, content, user_id, trace_id) SELECT 'msg_count_' || id, 'system', 'counted', id, 'count.' || id FROM public.users;
--> statement-breakpoint
UPDATE public.users SET is_onboarded = true, (full_name, avatar) = (SELECT coalesce(public.users.full_name, 'Anonymous'), max(public.files.url) FROM public.files WHERE public.files.user_id = public.users.id) WHERE public.users.message_count > 0;
--> statement-breakpoint
COMMENT ON COLUMN public.users.message_count IS 'kept by messages_count on "public"."messages"';
--> statement-breakpoint
COMMENT ON TABLE public.users IS NULL;
