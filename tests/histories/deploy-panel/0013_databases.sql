CREATE SEQUENCE public.service_number START WITH 1000;--> statement-breakpoint
CREATE TABLE "postgres" ("postgresId" text PRIMARY KEY NOT NULL, "number" bigint DEFAULT nextval('public.service_number') NOT NULL, "databaseName" text NOT NULL, "status" "applicationStatus" DEFAULT 'idle' NOT NULL, "projectId" text NOT NULL REFERENCES public.project ON DELETE CASCADE);--> statement-breakpoint
CREATE TABLE "mysql" (LIKE "public"."postgres" INCLUDING DEFAULTS INCLUDING INDEXES INCLUDING COMMENTS);--> statement-breakpoint
ALTER TABLE "public"."mysql" RENAME COLUMN "postgresId" TO "mysqlId";--> statement-breakpoint
CREATE TABLE "redis" ("redisId" text PRIMARY KEY NOT NULL, "number" bigint DEFAULT nextval('"public"."service_number"'::regclass) NOT NULL, "projectId" text NOT NULL, CONSTRAINT "redis_project" FOREIGN KEY ("projectId") REFERENCES "public"."project" ("projectId") MATCH SIMPLE ON DELETE CASCADE NOT DEFERRABLE);--> statement-breakpoint
INSERT INTO public.postgres ("postgresId", "databaseName", "projectId") SELECT 'pg_' || p."projectId", 'db', p."projectId" FROM public.project p;--> statement-breakpoint
INSERT INTO public.mysql ("mysqlId", "databaseName", status, "projectId") SELECT 'my_' || "projectId", 'db', 'error'::public."applicationStatus", public.project."projectId" FROM public.project;--> statement-breakpoint
INSERT INTO public.redis ("redisId", "projectId") SELECT 're_' || public.project."projectId", public.project."projectId" FROM public.project FOR SHARE OF project;
