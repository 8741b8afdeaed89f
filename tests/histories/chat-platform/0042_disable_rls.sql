ALTER TABLE "user_installed_plugins" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
DROP POLICY IF EXISTS "plugins_no_system" ON "public"."user_installed_plugins" CASCADE;--> statement-breakpoint
ALTER TABLE "public"."message_plugins" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
DROP TABLE IF EXISTS public.share_candidates, "public"."not_there" CASCADE;--> statement-breakpoint
DROP VIEW IF EXISTS "public"."active_users", public.thread_list;--> statement-breakpoint
ALTER SEQUENCE "public"."ticket_number" INCREMENT BY 10 MINVALUE 1 MAXVALUE 9007199254740991 START WITH 1000 CACHE 20 CYCLE;--> statement-breakpoint
COMMENT ON SEQUENCE public.ticket_number IS 'tens';
