INSERT INTO "public"."project" ("projectId", "name", "description", "userId")
SELECT 'p_' || "user"."userId", 'Project of ' || "public"."user"."userId", 'line one
line two: public.project', "user"."userId"
FROM "public"."user"
WHERE "public"."user"."order" > 0;
--> statement-breakpoint
INSERT INTO public.application AS a ("applicationId", name, "appName", "projectId", "sourceType", "applicationStatus")
SELECT 'a_' || kind || '_' || public.project."projectId", kind, kind || '-' || public.project."projectId", public.project."projectId",
	(CASE kind WHEN 'web' THEN 'git' ELSE 'docker' END)::"public"."sourceType", 'running'::public."applicationStatus"
FROM public.project, unnest(ARRAY['web', 'worker']) AS kind
ON CONFLICT ("appName") DO UPDATE SET name = EXCLUDED.name || a.name;
--> statement-breakpoint
INSERT INTO public.domain ("domainId", host, "applicationId", "certificateType")
SELECT 'd_' || a."applicationId", a."appName" || '.example.com', a."applicationId", public."certificateType" 'letsencrypt'
FROM public.application a
