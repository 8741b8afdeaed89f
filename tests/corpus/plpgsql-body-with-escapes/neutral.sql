CREATE FUNCTION "{tenant}".f() RETURNS trigger LANGUAGE plpgsql AS $tenant$BEGIN
	INSERT INTO "{tenant}".log VALUES ('public.t', '\');
	RETURN NEW;
END$tenant$;
