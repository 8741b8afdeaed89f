ALTER TABLE "public"."user" RENAME TO "user_temp";--> statement-breakpoint
ALTER TABLE "public"."user_temp" RENAME COLUMN "userId" TO "id";--> statement-breakpoint
ALTER TABLE "user_temp" ADD COLUMN "email" text;--> statement-breakpoint
ALTER TABLE "user_temp" ADD COLUMN "größe" text DEFAULT '"public"."größe"';--> statement-breakpoint
UPDATE "public"."user_temp" SET "email" = "public"."user_temp"."id" || '@example.com', "größe" = "public"."user_temp"."größe" || '日本語 public.';--> statement-breakpoint
ALTER TABLE "user_temp" ALTER COLUMN "email" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "user_temp" ADD CONSTRAINT "user_temp_email_unique" UNIQUE("email");--> statement-breakpoint
ALTER TABLE "public"."userSessions" RENAME TO "session_temp";--> statement-breakpoint
ALTER TABLE "session_temp" RENAME CONSTRAINT "userSessions_user_id_user_userId_fk" TO "session_temp_user_id_fk";--> statement-breakpoint
ALTER INDEX IF EXISTS "public"."userSessions_pkey" RENAME TO "session_temp_pkey";
