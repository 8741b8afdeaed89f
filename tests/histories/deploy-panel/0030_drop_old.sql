DROP TABLE "public"."security" CASCADE;--> statement-breakpoint
DROP TABLE "public"."select", public."""public"".""x""" CASCADE;--> statement-breakpoint
DROP INDEX IF EXISTS "public"."public idx";--> statement-breakpoint
ALTER TABLE "public"."redirect" DROP CONSTRAINT "redirect_applicationId_fk";--> statement-breakpoint
ALTER TABLE "redirect" ADD CONSTRAINT "redirect_applicationId_application_applicationId_fk" FOREIGN KEY ("applicationId") REFERENCES "public"."application"("applicationId") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_temp" DROP COLUMN "token";--> statement-breakpoint
ALTER TABLE "public"."mysql" ALTER COLUMN "number" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "public"."redis" ALTER COLUMN "number" SET DEFAULT 7;--> statement-breakpoint
ALTER SEQUENCE public.service_number OWNED BY public.postgres.number;--> statement-breakpoint
DROP FUNCTION IF EXISTS public.nothing(public."deploymentStatus"[], "public"."label", VARIADIC integer[]);--> statement-breakpoint
DROP INDEX CONCURRENTLY "public"."mount_applicationId_idx";
