ALTER TABLE "{tenant}"."t" ADD COLUMN "x" "public"."e";
INSERT INTO "{tenant}".t SELECT * FROM public.countries;
ALTER TABLE "{tenant}".t ADD FOREIGN KEY (c) REFERENCES public.countries (id);
