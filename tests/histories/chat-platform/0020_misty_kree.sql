CREATE TABLE "plugins" (
	"identifier" text NOT NULL,
	"user_id" text NOT NULL,
	"type" text NOT NULL,
	"manifest" jsonb,
	CONSTRAINT "plugins_user_id_identifier_pk" PRIMARY KEY("user_id","identifier")
);
--> statement-breakpoint
CREATE TABLE "message_plugins" (
	"id" text PRIMARY KEY NOT NULL,
	"tool_call_id" text,
	"type" text DEFAULT 'default',
	"state" jsonb
);
--> statement-breakpoint
ALTER TABLE "plugins" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "message_plugins" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "plugins" ADD CONSTRAINT "plugins_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "message_plugins" ADD CONSTRAINT "message_plugins_id_messages_id_fk" FOREIGN KEY ("id") REFERENCES "public"."messages"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE POLICY "plugins_owner" ON "plugins" AS PERMISSIVE FOR ALL TO public USING ("public"."plugins"."user_id" = current_setting('app.user_id', true)) WITH CHECK ("user_id" IN (SELECT "public"."users"."id" FROM "public"."users" WHERE "public"."users"."username" <> 'public.nobody'));--> statement-breakpoint
CREATE POLICY "plugins_no_system" ON "public"."plugins" AS RESTRICTIVE FOR DELETE TO "public" USING (public.slugify("type") <> 'system');--> statement-breakpoint
CREATE POLICY message_plugins_read ON public.message_plugins FOR SELECT TO PUBLIC, CURRENT_USER USING (EXISTS (SELECT FROM public.messages m WHERE m.id = public.message_plugins.id AND m.role = 'tool'::public.message_role));--> statement-breakpoint
CREATE POLICY "temporary policy" ON "message_plugins" AS PERMISSIVE FOR INSERT TO public WITH CHECK (true);
