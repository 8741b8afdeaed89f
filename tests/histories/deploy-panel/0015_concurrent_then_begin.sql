ALTER TABLE "deployment" ADD COLUMN "pid" text;
--> statement-breakpoint
COMMIT;
--> statement-breakpoint
-- public.deployment is large
CREATE INDEX CONCURRENTLY IF NOT EXISTS "deployment_applicationId_idx" ON "public"."deployment" USING btree ("applicationId");--> statement-breakpoint
CREATE UNIQUE INDEX CONCURRENTLY "deployment_log_idx" ON public.deployment (("logPath" || public.deployment.title));--> statement-breakpoint
BEGIN;
--> statement-breakpoint
UPDATE public.deployment SET pid = 'pid:' || public.deployment."deploymentId";
--> statement-breakpoint
ALTER TABLE public.deployment ADD CONSTRAINT deployment_pid_check CHECK (public.deployment.pid <> 'public.') NOT VALID;
