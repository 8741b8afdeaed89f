CREATE PROCEDURE public.grant_role(IN p_user text, IN p_role text DEFAULT 'rol_user') LANGUAGE sql AS $$
	INSERT INTO public.rbac_user_roles (user_id, role_id) VALUES (p_user, p_role) ON CONFLICT DO NOTHING;
$$;
--> statement-breakpoint
CALL public.grant_role('usr_eve', p_role => 'rol_public');
--> statement-breakpoint
CALL "public"."grant_role"('usr_eve');
--> statement-breakpoint
COMMENT ON PROCEDURE public.grant_role(text, text) IS 'idempotent';
--> statement-breakpoint
CREATE FUNCTION public.is_admin(p_user text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
	-- reads public.rbac_roles
	RETURN public.has_permission(p_user, 'session:delete') AND EXISTS (TABLE public.rbac_roles);
END $$;
--> statement-breakpoint
CREATE FUNCTION public.old_is_admin(public.message_role, VARIADIC public.model_ability[]) RETURNS boolean LANGUAGE sql AS 'SELECT $1 = ''system''::public.message_role';
--> statement-breakpoint
DROP FUNCTION public.old_is_admin(public.message_role, public.model_ability[]);
--> statement-breakpoint
DROP POLICY "sessions_by_permission" ON public.sessions;
--> statement-breakpoint
CREATE POLICY "sessions_admin" ON "public"."sessions" TO public USING ((SELECT public.is_admin(public.sessions.user_id)) OR "public"."sessions"."user_id" = current_setting('app.user_id', true));
--> statement-breakpoint
ALTER TABLE public.sessions ENABLE ROW LEVEL SECURITY;
