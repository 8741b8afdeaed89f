CREATE TABLE "rbac_roles" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL UNIQUE,
	"is_system" boolean DEFAULT false NOT NULL
);
CREATE TABLE "rbac_permissions" ("id" text PRIMARY KEY, "code" text NOT NULL, CONSTRAINT "rbac_permissions_code" UNIQUE ("code"));
CREATE TABLE "rbac_role_permissions" (
	"role_id" text NOT NULL REFERENCES "public"."rbac_roles"("id") ON DELETE CASCADE,
	"permission_id" text NOT NULL REFERENCES public.rbac_permissions(id) ON DELETE CASCADE,
	PRIMARY KEY ("role_id", "permission_id")
);
CREATE TABLE public."rbac_user_roles" (
	"user_id" text NOT NULL CONSTRAINT "rbac_user_roles_user" REFERENCES public."users" ("id") MATCH FULL,
	"role_id" text NOT NULL,
	"expires_at" timestamp with time zone,
	FOREIGN KEY ("role_id") REFERENCES "public".rbac_roles,
	PRIMARY KEY ("user_id", "role_id")
);
--> statement-breakpoint
INSERT INTO public.rbac_roles VALUES ('rol_admin', 'admin', true), ('rol_user', 'user', true), ('rol_public', 'public', false);
INSERT INTO public.rbac_permissions VALUES ('prm_1', 'session:create'), ('prm_2', 'session:delete'), ('prm_3', 'public.read');
INSERT INTO public.rbac_role_permissions
	SELECT r.id, p.id FROM public.rbac_roles r, public.rbac_permissions p WHERE r.name = 'admin' OR (r.name, p.code) = ('public', 'public.read');
INSERT INTO public.rbac_user_roles (user_id, role_id)
	SELECT public.users.id, (SELECT public.rbac_roles.id FROM public.rbac_roles WHERE public.rbac_roles.name = CASE public.users.id WHEN 'usr_system' THEN 'admin' ELSE 'user' END) FROM public.users
--> statement-breakpoint
CREATE FUNCTION public.has_permission(p_user text, p_code text) RETURNS boolean LANGUAGE sql STABLE AS $has$
	-- looks through the user's roles
	SELECT EXISTS (
		SELECT 1 FROM public.rbac_user_roles AS ur
		JOIN public.rbac_role_permissions USING (role_id)
		JOIN "public"."rbac_permissions" AS p ON p.id = public.rbac_role_permissions.permission_id
		WHERE ur.user_id = $1 AND p.code = $2
	)
$has$
--> statement-breakpoint
CREATE POLICY "sessions_by_permission" ON public.sessions FOR UPDATE TO public USING (public.has_permission(public.sessions.user_id, 'session:create'))
--> statement-breakpoint
COMMENT ON TABLE "public"."rbac_user_roles" IS 'who has which role; the role "public".* is everybody'
