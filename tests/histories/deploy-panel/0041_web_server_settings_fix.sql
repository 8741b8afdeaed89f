-- subscripts of jsonb, and an alias that repeats the table's name
UPDATE public."webServerSettings" SET "metricsConfig"['server']['token'] = '"public"';
UPDATE public."webServerSettings" AS "webServerSettings" SET "metricsConfig" = jsonb_set("webServerSettings"."metricsConfig", '{x}', '1');
ALTER TABLE ONLY public."webServerSettings" ADD COLUMN "singleton" boolean GENERATED ALWAYS AS (id = 'public.settings') STORED;
CREATE UNIQUE INDEX ON public."webServerSettings" ("singleton");
