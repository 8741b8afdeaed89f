CREATE TABLE "apikey" ("id" text PRIMARY KEY NOT NULL, "name" text, "key" text NOT NULL, "user_id" text NOT NULL, "enabled" boolean, "rate_limit_max" integer, "permissions" text, "metadata" jsonb);--> statement-breakpoint
CREATE TABLE "two_factor" ("id" text PRIMARY KEY NOT NULL, "secret" text NOT NULL, "user_id" text NOT NULL CONSTRAINT "two_factor_user" REFERENCES public.user_temp (id) ON DELETE CASCADE DEFERRABLE);--> statement-breakpoint
ALTER TABLE "apikey" ADD CONSTRAINT "apikey_user_id_user_temp_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user_temp"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
INSERT INTO public.apikey (id, key, user_id, metadata) SELECT 'key_' || u.id, md5(u.id), u.id, jsonb_build_object('public.user', u.email, 'n', (SELECT count(*) FROM public.member WHERE public.member.user_id = u.id)) FROM public.user_temp AS u;--> statement-breakpoint
CREATE INDEX "apikey_metadata_idx" ON "public"."apikey" USING gin ("metadata" jsonb_path_ops);--> statement-breakpoint
CREATE INDEX "apikey_public_user_idx" ON "public"."apikey" (("metadata" ->> 'public.user'), (public.apikey.metadata -> 'n'));
