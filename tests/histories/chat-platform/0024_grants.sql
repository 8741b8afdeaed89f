GRANT SELECT ON public.rbac_roles TO public;
--> statement-breakpoint
GRANT SELECT ("id", "name"), UPDATE ("name") ON TABLE "public"."rbac_roles" TO PUBLIC;
--> statement-breakpoint
GRANT SELECT, INSERT ON public.rbac_permissions, public.rbac_role_permissions TO "public";
--> statement-breakpoint
REVOKE INSERT ON public.rbac_permissions FROM public;
--> statement-breakpoint
GRANT USAGE ON SEQUENCE public.ticket_number TO public;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION public.has_permission(text, text) FROM public;
--> statement-breakpoint
REVOKE USAGE ON TYPE public.message_role FROM public;
--> statement-breakpoint
ALTER TABLE public.tickets OWNER TO CURRENT_USER;
--> statement-breakpoint
ALTER FUNCTION "public".has_permission(text, text) OWNER TO SESSION_USER;
