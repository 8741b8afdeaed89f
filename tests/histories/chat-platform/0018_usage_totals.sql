CREATE TABLE public.usage_totals (
	user_id text REFERENCES public.users (id) ON DELETE CASCADE,
	kind text,
	total bigint NOT NULL DEFAULT 0,
	seen integer NOT NULL DEFAULT 0,
	CONSTRAINT usage_totals_key UNIQUE NULLS NOT DISTINCT (user_id, kind)
);
--> statement-breakpoint
INSERT INTO public.usage_totals (user_id, kind, total)
VALUES ('usr_ada', 'message', 1), ('usr_ada', 'obsolete', 99), ('usr_bob', NULL, 3);
--> statement-breakpoint
MERGE INTO public.usage_totals AS t
USING (SELECT public.usage_events.user_id, public.usage_events.kind, sum(public.usage_events.tokens) AS tokens FROM public.usage_events GROUP BY 1, 2) AS e
ON t.user_id = e.user_id AND t.kind = e.kind
WHEN MATCHED AND t.total < e.tokens THEN UPDATE SET total = e.tokens, seen = (SELECT count(*) FROM public.usage_events u WHERE u.user_id = e.user_id)
WHEN MATCHED THEN DELETE
WHEN NOT MATCHED THEN INSERT (user_id, kind, total) VALUES (e.user_id, e.kind, e.tokens);
--> statement-breakpoint
MERGE INTO public.usage_totals USING public.users ON public.usage_totals.user_id = public.users.id AND public.usage_totals.kind IS NULL
WHEN MATCHED THEN UPDATE SET kind = 'all'
WHEN NOT MATCHED THEN DO NOTHING;
--> statement-breakpoint
INSERT INTO public.usage_totals (user_id, kind, total) VALUES ('usr_bob', 'all', 7)
ON CONFLICT ON CONSTRAINT usage_totals_key DO UPDATE SET total = public.usage_totals.total + EXCLUDED.total, seen = usage_totals.seen + 1 WHERE public.usage_totals.total < 100;
