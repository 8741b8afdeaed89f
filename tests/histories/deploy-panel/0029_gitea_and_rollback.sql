ALTER TYPE "public"."sourceType" ADD VALUE 'gitea' BEFORE 'drop';--> statement-breakpoint
ALTER TYPE "public"."sourceType" ADD VALUE IF NOT EXISTS 'public.git' AFTER 'git';--> statement-breakpoint
CREATE TABLE "rollback" ("rollbackId" text PRIMARY KEY NOT NULL, "deploymentId" text NOT NULL, "version" serial NOT NULL, "image" text, "source" "sourceType" DEFAULT 'docker' NOT NULL);--> statement-breakpoint
ALTER TABLE "rollback" ADD CONSTRAINT "rollback_deploymentId_deployment_deploymentId_fk" FOREIGN KEY ("deploymentId") REFERENCES "public"."deployment"("deploymentId") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
INSERT INTO public.rollback ("rollbackId", "deploymentId", source) SELECT 'rb_' || d."deploymentId", d."deploymentId", 'gitea'::public."sourceType" FROM public.deployment AS d WHERE d.status >= 'done'::public."deploymentStatus";--> statement-breakpoint
ALTER TABLE "rollback" ALTER COLUMN "source" SET DEFAULT 'public.git'::"public"."sourceType";
