CREATE FUNCTION public.row_count(p_table regclass) RETURNS bigint LANGUAGE plpgsql AS $fn$
DECLARE
	n bigint;
BEGIN
	EXECUTE format($q$ SELECT count(*) FROM %s WHERE $1 <> '' $q$, p_table) INTO n USING p_table::text;
	RETURN n;
END
$fn$;
--> statement-breakpoint
SELECT public.row_count('public.messages'::regclass), public.row_count('public.users'::regclass), public.row_count(to_regclass('public.tickets'));
--> statement-breakpoint
DO $do$
DECLARE
	t text;
	r public.users%ROWTYPE;
BEGIN
	FOREACH t IN ARRAY ARRAY['topics', 'threads'] LOOP
		EXECUTE format('ALTER TABLE %I ADD COLUMN %I text', t, 'client_id');
		EXECUTE format($q$COMMENT ON COLUMN %I.client_id IS 'id on the client'$q$, t);
	END LOOP;
	FOR r IN SELECT * FROM public.users ORDER BY public.users.id LOOP
		UPDATE public.topics SET client_id = 'c_' || r.id WHERE public.topics.user_id = r.id;
	END LOOP;
END
$do$;
