CREATE FUNCTION public.next_status(p public."deploymentStatus") RETURNS public."deploymentStatus" LANGUAGE plpgsql IMMUTABLE AS $_$
DECLARE
	v public."deploymentStatus";
	c_done CONSTANT "public"."deploymentStatus" := 'done'::"public"."deploymentStatus";
BEGIN
	CASE p
		WHEN 'queued' THEN v := 'running';
		WHEN 'running'::public."deploymentStatus" THEN v := c_done;
		ELSE v := p;
	END CASE;
	RETURN v;
END
$_$;
--> statement-breakpoint
CREATE FUNCTION public.old_status(public."deploymentStatus", p_default public."deploymentStatus" DEFAULT NULL) RETURNS SETOF public."deploymentStatus" LANGUAGE sql AS $$ SELECT unnest(enum_range($1, public.next_status($2))) $$;
--> statement-breakpoint
UPDATE public.deployment SET status = public.next_status(public.deployment.status) WHERE public.deployment.status <> public.next_status('running'::public."deploymentStatus");
--> statement-breakpoint
SELECT d."deploymentId", s FROM public.deployment AS d LEFT JOIN LATERAL public.old_status('queued', d.status) AS s ON s > 'queued'::public."deploymentStatus";
--> statement-breakpoint
CREATE FUNCTION public.is_open(public."deploymentStatus") RETURNS boolean IMMUTABLE RETURN $1 < 'done'::public."deploymentStatus";
--> statement-breakpoint
CREATE INDEX deployment_open_idx ON public.deployment USING btree (public.is_open(status), "applicationId") WHERE public.is_open(public.deployment.status);
--> statement-breakpoint
DROP FUNCTION public.old_status(public."deploymentStatus", public."deploymentStatus");
--> statement-breakpoint
COMMENT ON FUNCTION public.next_status(public."deploymentStatus") IS 'queued, running, done';
