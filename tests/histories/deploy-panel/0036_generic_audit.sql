CREATE TABLE public.change_log (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, "table" text NOT NULL, rows integer NOT NULL, note text);
--> statement-breakpoint
CREATE FUNCTION public.log_change() RETURNS trigger LANGUAGE plpgsql AS $fn$
DECLARE
	v_rows integer;
BEGIN
	-- the table is known by its id only
	EXECUTE format($q$ SELECT count(*) FROM %s WHERE $1 $q$, TG_RELID::regclass) INTO v_rows USING true;
	INSERT INTO public.change_log ("table", rows, note) VALUES (TG_TABLE_NAME, v_rows, TG_ARGV[0] || $q$ in 'quotes' $q$);
	RETURN NULL;
END
$fn$;
--> statement-breakpoint
CREATE TRIGGER log_change AFTER INSERT OR UPDATE OR DELETE ON public.environment FOR EACH STATEMENT EXECUTE FUNCTION public.log_change('public.environment', 1, 'two');
--> statement-breakpoint
CREATE TRIGGER log_change AFTER TRUNCATE ON "public"."metric_2025" FOR EACH STATEMENT EXECUTE PROCEDURE public.log_change('metric');
--> statement-breakpoint
CREATE TRIGGER "public" BEFORE INSERT ON public.apikey FOR EACH ROW WHEN (NEW.key = 'public.') EXECUTE FUNCTION public.keep_one_owner();
--> statement-breakpoint
UPDATE public.environment SET name = upper(public.environment.name);
--> statement-breakpoint
TRUNCATE public.metric_2025;
--> statement-breakpoint
DELETE FROM public.change_log WHERE public.change_log."table" = 'environment' AND (SELECT count(*) FROM public.change_log c WHERE c.note LIKE 'public.%') = 1;
--> statement-breakpoint
COMMENT ON TRIGGER "public" ON public.apikey IS 'a trigger called public';
--> statement-breakpoint
ALTER TRIGGER "public" ON "public"."apikey" RENAME TO "public.";
