DO $import$
DECLARE
	r record;
	v_type public."scheduleType";
	v_total integer := 0;
BEGIN
	-- a loop over "public"."schedule"
	FOR r IN
		SELECT public.schedule."scheduleId" AS id, public.schedule."scheduleType" AS kind, public.server.name AS server
		FROM public.schedule LEFT JOIN public.server ON public.server."serverId" = public.schedule."serverId"
	LOOP
		v_type := r.kind;
		CONTINUE WHEN v_type = 'compose'::public."scheduleType";
		UPDATE public.schedule AS s SET name = s.name || coalesce(' on ' || r.server, '') WHERE s."scheduleId" = r.id;
		v_total := v_total + 1;
	END LOOP;
	IF v_total = 0 THEN
		RAISE EXCEPTION 'nothing found in public.schedule';
	END IF;
	PERFORM public.free_port(), public.next_status('running'::public."deploymentStatus");
END
$import$