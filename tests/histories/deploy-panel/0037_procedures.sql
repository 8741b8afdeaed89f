CREATE PROCEDURE public.pause_all(p_project text, INOUT p_count integer DEFAULT 0) LANGUAGE plpgsql AS $$
BEGIN
	UPDATE public.application SET "applicationStatus" = 'paused'::public."applicationStatus" WHERE public.application."projectId" = p_project;
	GET DIAGNOSTICS p_count = ROW_COUNT;
	IF p_count > 100 THEN
		CALL public.pause_all(p_project, p_count);
	END IF;
END $$;
--> statement-breakpoint
CALL public.pause_all('p_u1', 0);
--> statement-breakpoint
CREATE PROCEDURE public.touch_project(text) LANGUAGE sql BEGIN ATOMIC
	UPDATE public.project SET description = public.project.name WHERE public.project."projectId" = $1;
	INSERT INTO public.change_log ("table", rows) VALUES ('public.project', 1);
END;
--> statement-breakpoint
CALL "public"."touch_project"('p_u3');
--> statement-breakpoint
ALTER PROCEDURE public.pause_all(text, integer) RENAME TO pause_project;
--> statement-breakpoint
CREATE OR REPLACE PROCEDURE public.pause_project(p_project text, INOUT p_count integer DEFAULT 0) LANGUAGE plpgsql AS $$
BEGIN
	UPDATE public.application AS a SET "applicationStatus" = 'paused' FROM public.project AS p WHERE p."projectId" = a."projectId" AND p.name = p_project;
	GET DIAGNOSTICS p_count = ROW_COUNT;
END $$;
--> statement-breakpoint
ALTER ROUTINE public.touch_project(text) SECURITY DEFINER;
--> statement-breakpoint
COMMENT ON PROCEDURE public.touch_project(text) IS 'writes to public.change_log';
