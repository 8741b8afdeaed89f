ALTER POLICY "plugins_owner" ON "public"."plugins" TO public USING (true);--> statement-breakpoint
ALTER POLICY "message_plugins_read" ON public.message_plugins RENAME TO "message_plugins read";--> statement-breakpoint
DROP POLICY "temporary policy" ON "public"."message_plugins" CASCADE;--> statement-breakpoint
COMMENT ON POLICY "plugins_owner" ON "public"."plugins" IS 'public. is a role here';--> statement-breakpoint
COMMENT ON POLICY "message_plugins read" ON message_plugins IS 'readers';--> statement-breakpoint
INSERT INTO public.plugins (identifier, user_id, type) SELECT 'search', id, 'plugin' FROM public.users;--> statement-breakpoint
INSERT INTO public.message_plugins (id, tool_call_id) SELECT messages.id, 'call_' || messages.id FROM public.messages WHERE public.messages.role IN ('user'::public.message_role);
