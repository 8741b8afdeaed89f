ALTER TABLE "public"."project" OWNER TO CURRENT_USER;--> statement-breakpoint
ALTER SEQUENCE public."public seq" OWNER TO CURRENT_USER;--> statement-breakpoint
ALTER VIEW public.production OWNER TO SESSION_USER;--> statement-breakpoint
GRANT SELECT, UPDATE ON public.public, public."table", public.project TO public;--> statement-breakpoint
REVOKE UPDATE ON public.public FROM public CASCADE;--> statement-breakpoint
GRANT INSERT (public) ON "public"."public" TO "public";--> statement-breakpoint
GRANT ALL ON SEQUENCE public.backup_number TO public;--> statement-breakpoint
REVOKE ALL ON FUNCTION public.free_port(integer), public.next_status(public."deploymentStatus") FROM PUBLIC;--> statement-breakpoint
GRANT EXECUTE ON PROCEDURE public.touch_project(text) TO public;--> statement-breakpoint
GRANT USAGE ON TYPE public.label, public."composeType" TO public;
