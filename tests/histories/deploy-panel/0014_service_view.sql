CREATE VIEW "public"."services" AS
	SELECT public.application."applicationId" AS id, 'application' AS kind, public.application."applicationStatus" AS status, public.application."projectId" FROM public.application
	UNION ALL SELECT public.postgres."postgresId", 'public.postgres', public.postgres.status, public.postgres."projectId" FROM public.postgres
	UNION ALL SELECT public.mysql."mysqlId", 'mysql', CASE WHEN public.mysql.status = 'error'::public."applicationStatus" THEN 'idle' ELSE public.mysql.status END, public.mysql."projectId" FROM public.mysql
	UNION ALL SELECT r."redisId", 'redis', NULL::public."applicationStatus", r."projectId" FROM public.redis AS r;
--> statement-breakpoint
CREATE MATERIALIZED VIEW public.project_load (project, services, numbers) AS
	SELECT public.services."projectId", count(*), (SELECT max(public.postgres.number) FROM public.postgres WHERE public.postgres."projectId" = public.services."projectId")
	FROM public.services GROUP BY public.services."projectId";
--> statement-breakpoint
CREATE UNIQUE INDEX project_load_key ON public.project_load (project);
--> statement-breakpoint
GRANT SELECT ON public.services TO public;
--> statement-breakpoint
COMMENT ON VIEW public.services IS 'all of them';
--> statement-breakpoint
COMMENT ON MATERIALIZED VIEW public.project_load IS 'from "public"."services"';
