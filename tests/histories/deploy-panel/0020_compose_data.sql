INSERT INTO public.compose ("composeId", name, "composeFile", "projectId")
SELECT 'c_' || public.project."projectId", 'Compose', $yaml$
services:
  db:
    image: "public"."x"
    command: public.run
$yaml$, public.project."projectId"
FROM public.project;
--> statement-breakpoint
MERGE INTO public.domain AS d
USING (SELECT c."composeId", c.name || c.suffix AS host FROM public.compose AS c) AS s
ON d."composeId" = s."composeId"
WHEN NOT MATCHED AND s.host <> 'public.domain' THEN
	INSERT ("domainId", host, "composeId", "certificateType") VALUES ('d_' || s."composeId", s.host, s."composeId", 'custom'::public."certificateType");
--> statement-breakpoint
MERGE INTO public.domain USING public.compose ON public.domain."composeId" = public.compose."composeId" AND public.compose."composeType" = 'docker-compose'::public."composeType"
WHEN MATCHED AND public.domain.port = 80 THEN UPDATE SET port = 8080, "serviceName" = public.compose.name
WHEN MATCHED THEN DO NOTHING;
--> statement-breakpoint
CREATE FUNCTION public.compose_text(p_id text) RETURNS text LANGUAGE sql STABLE AS $body$
	/* CRLF again, and a literal: 'public.compose' */
	SELECT public.compose."composeFile" || ' -- public.compose'
	FROM public.compose
	WHERE public.compose."composeId" = p_id
$body$;
