CREATE TABLE "notification" ("notificationId" text PRIMARY KEY NOT NULL, "name" text NOT NULL, "on" "public"."deploymentStatus"[] DEFAULT '{"done","error"}'::"public"."deploymentStatus"[] NOT NULL);--> statement-breakpoint
INSERT INTO public.notification ("notificationId", name, "on") VALUES ('n1', 'mail', DEFAULT), ('n2', 'chat', ARRAY['running'::public."deploymentStatus"]), ('n3', 'none', '{}'::"public"."deploymentStatus"[]);--> statement-breakpoint
ALTER TABLE "notification" ALTER COLUMN "on" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "deployment" ALTER COLUMN "status" DROP DEFAULT;--> statement-breakpoint
ALTER TYPE "public"."deploymentStatus" RENAME TO "deploymentStatus_old";--> statement-breakpoint
CREATE TYPE "public"."deploymentStatus" AS ENUM('queued', 'running', 'done', 'error', 'user''s abort');--> statement-breakpoint
ALTER TABLE "public"."deployment" ALTER COLUMN "status" SET DATA TYPE "public"."deploymentStatus" USING "status"::text::"public"."deploymentStatus";--> statement-breakpoint
ALTER TABLE "public"."notification" ALTER COLUMN "on" TYPE "public"."deploymentStatus"[] USING "public"."notification"."on"::text[]::"public"."deploymentStatus"[];--> statement-breakpoint
DROP TYPE "public"."deploymentStatus_old";--> statement-breakpoint
ALTER TABLE "deployment" ALTER COLUMN "status" SET DEFAULT 'queued'::"public"."deploymentStatus";--> statement-breakpoint
ALTER TABLE "notification" ALTER COLUMN "on" SET DEFAULT '{"user''s abort"}'::"public"."deploymentStatus"[];
