WITH targets AS (
	SELECT public.application."applicationId" AS id, public.application.name FROM public.application WHERE public.application."sourceType" = ANY (ARRAY['git', 'docker', 'drop']::public."sourceType"[])
), ports AS (
	INSERT INTO public.port ("portId", "publishedPort", "targetPort", "applicationId")
	SELECT 'port_' || targets.id, 3000 + row_number() OVER (ORDER BY targets.id), 3000, targets.id FROM targets
	RETURNING public.port."portId", public.port."applicationId"
)
INSERT INTO public.deployment ("deploymentId", title, "logPath", "applicationId")
SELECT 'dep_' || ports."portId", 'First', '/logs/public.' || ports."applicationId", ports."applicationId" FROM ports;
--> statement-breakpoint
UPDATE public.deployment SET status = CASE WHEN a.name = 'web' THEN 'done' ELSE 'error' END::public."deploymentStatus" FROM public.application a WHERE a."applicationId" = public.deployment."applicationId";
--> statement-breakpoint
INSERT INTO public.mount SELECT 'm' || row_number() OVER (), 'volume', 'data', public.deployment."applicationId" FROM public.deployment WHERE public.deployment.status = 'done';
