CREATE VIEW public.production AS SELECT public.environment."environmentId" AS id, public.environment.name FROM public.environment WHERE public.environment."isDefault";
--> statement-breakpoint
CREATE OR REPLACE RULE rename AS ON UPDATE TO public.production DO INSTEAD UPDATE public.environment SET name = NEW.name WHERE public.environment."environmentId" = OLD.id;
--> statement-breakpoint
CREATE RULE "log rename" AS ON UPDATE TO "public"."production" WHERE OLD.name <> NEW.name DO ALSO INSERT INTO public.public VALUES ((SELECT max(public.public.id) + 1 FROM public.public), NEW.name, 0);
--> statement-breakpoint
UPDATE public.production SET name = 'live' WHERE public.production.id = (SELECT min(p.id) FROM public.production p);
--> statement-breakpoint
COMMENT ON RULE rename ON public.production IS 'to public.environment';
--> statement-breakpoint
COMMENT ON VIEW "public"."production" IS '日本語 "public".';
