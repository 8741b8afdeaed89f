CREATE FUNCTION public.make_label_function() RETURNS text LANGUAGE plpgsql AS $fn$
DECLARE
	v_text text := $q$it's "quoted" and $1 $q$;
BEGIN
	EXECUTE $q$
		CREATE OR REPLACE FUNCTION generated_label(p integer) RETURNS text LANGUAGE sql IMMUTABLE AS $inner$
			SELECT 'label ' || p
		$inner$
	$q$;
	EXECUTE format('COMMENT ON FUNCTION %I(integer) IS %L', 'generated_label', v_text);
	RETURN v_text;
END
$fn$;
--> statement-breakpoint
SELECT public.make_label_function();
--> statement-breakpoint
CREATE TABLE public."Watchlist" (id integer PRIMARY KEY, label text GENERATED ALWAYS AS (public.generated_label(1) || '!') STORED, value text CHECK (value <> public.generated_label(0)));
--> statement-breakpoint
INSERT INTO public."Watchlist" (id, value) SELECT public.users.id, public.generated_label(public.users.id) FROM public.users;
