WITH public AS (SELECT 1 AS id), t AS (SELECT * FROM public.t) SELECT public.id, public.*, t.* FROM public JOIN t ON t.id = public.id JOIN public.t AS x ON x.id = t.id;
