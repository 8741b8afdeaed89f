INSERT INTO "public"."größe" ("straße", 名前) SELECT 'ß public.', public.größe.名前 FROM public.größe;
