-- a byte order mark comes before this comment
ALTER TABLE "public"."domain" ADD COLUMN "customCertResolver" text;
--> statement-breakpoint
INSERT INTO "public"."user" ("userId", "token", "isRegistered", "order") VALUES ('u1', 'tök€n', true, 1), ('u2', 'public.token', false, 2), ('u3', '"public"."user"', true, 3);
--> statement-breakpoint
COMMENT ON COLUMN "public"."domain"."customCertResolver" IS 'größer als "public"."domain"';
