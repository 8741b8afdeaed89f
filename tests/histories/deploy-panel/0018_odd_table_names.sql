CREATE TABLE public."a.b" ("x.y" integer PRIMARY KEY, "it's" text, "back\slash" text, "$dollar" text DEFAULT '$$public.$$');
--> statement-breakpoint
CREATE TABLE public."public." ("public." text PRIMARY KEY, "." text DEFAULT 'public."public."');
--> statement-breakpoint
CREATE TABLE "public"."""public"".""x""" ("""" integer REFERENCES public."a.b" ("x.y"));
--> statement-breakpoint
INSERT INTO public."a.b" VALUES (1, 'it''s', E'\\public.x'), (2, $q$it's $$public.x$$$q$, NULL);
--> statement-breakpoint
INSERT INTO "public"."public." ("public.") SELECT 'public.' || public."a.b"."x.y" FROM public."a.b";
--> statement-breakpoint
INSERT INTO public."""public"".""x""" SELECT "a.b"."x.y" FROM public."a.b" AS "a.b";
--> statement-breakpoint
UPDATE public."public." SET "." = "public."."public." WHERE public."public."."public." = 'public.1';
--> statement-breakpoint
CREATE VIEW public." spaced " AS SELECT public."public."."public." AS " x ", count("""public"".""x""".*) FROM public."public.", public."""public"".""x""" GROUP BY 1;
--> statement-breakpoint
CREATE INDEX "a.b.idx" ON public."a.b" (lower("it's"), ("a.b"."back\slash" || '"public".'));
--> statement-breakpoint
COMMENT ON TABLE public."""public"".""x""" IS 'a table whose name looks qualified';
--> statement-breakpoint
SELECT 'public."a.b"'::regclass, '"public"."public."'::regclass, to_regclass('public."""public"".""x"""'), 'public'::name, 'public.'::text;
