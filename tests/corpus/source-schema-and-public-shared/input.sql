ALTER TABLE "shop"."t" ADD COLUMN "x" "public"."e";
INSERT INTO shop.t SELECT * FROM public.countries;
ALTER TABLE shop.t ADD FOREIGN KEY (c) REFERENCES public.countries (id);
