CREATE TABLE "environment" ("environmentId" text PRIMARY KEY NOT NULL, "name" text NOT NULL, "projectId" text NOT NULL, "isDefault" boolean DEFAULT false NOT NULL);--> statement-breakpoint
ALTER TABLE "environment" ADD CONSTRAINT "environment_projectId_project_projectId_fk" FOREIGN KEY ("projectId") REFERENCES "public"."project"("projectId") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "application" ADD COLUMN "environmentId" text;--> statement-breakpoint
ALTER TABLE "compose" ADD COLUMN "environmentId" text;--> statement-breakpoint
WITH environment AS (
	INSERT INTO public.environment ("environmentId", name, "projectId", "isDefault")
	SELECT 'env_' || public.project."projectId", 'production', public.project."projectId", true FROM public.project
	RETURNING public.environment.*
), apps AS (
	UPDATE public.application SET "environmentId" = environment."environmentId" FROM environment WHERE environment."projectId" = public.application."projectId" RETURNING public.application."applicationId"
)
UPDATE public.compose AS c SET "environmentId" = environment."environmentId" FROM environment WHERE environment."projectId" = c."projectId" AND (SELECT count(*) FROM apps) > 0;--> statement-breakpoint
ALTER TABLE "application" ALTER COLUMN "environmentId" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "application" ADD CONSTRAINT "application_environmentId_fk" FOREIGN KEY ("environmentId") REFERENCES "public"."environment"("environmentId") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "environment_default" ON "environment" ("projectId") WHERE "public"."environment"."isDefault";
