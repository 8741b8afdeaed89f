CREATE OR REPLACE FUNCTION public.touch_updated_at() RETURNS trigger
LANGUAGE plpgsql AS $fn$
BEGIN
	-- every table that has updated_at
	NEW.updated_at := now();
	RETURN NEW;
END;
$fn$;
--> statement-breakpoint
CREATE TRIGGER users_touch BEFORE UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();
--> statement-breakpoint
CREATE TRIGGER "sessions_touch" BEFORE UPDATE ON "public"."sessions" FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE PROCEDURE "public"."touch_updated_at"();
--> statement-breakpoint
COMMENT ON TRIGGER users_touch ON public.users IS 'keeps updated_at';
--> statement-breakpoint
COMMENT ON TRIGGER "sessions_touch" ON "public"."sessions" IS 'keeps updated_at, see public.touch_updated_at()';
