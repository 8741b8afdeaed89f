SELECT to_regclass('public.' || t.name) FROM t;
SELECT 1 FROM pg_constraint c JOIN t ON c.conrelid = ('public.' || quote_ident(t.name))::regclass;
SELECT 1 FROM pg_constraint c JOIN t ON c.conrelid = format('public.%I', t.name)::regclass AND c.confrelid = to_regclass(concat('public.', t.other));
