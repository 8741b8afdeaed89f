SELECT to_regclass('"{tenant}".' || t.name) FROM t;
SELECT 1 FROM pg_constraint c JOIN t ON c.conrelid = ('"{tenant}".' || quote_ident(t.name))::regclass;
SELECT 1 FROM pg_constraint c JOIN t ON c.conrelid = format((replace('"{tenant}"', '%', '%%') || '.%I'), t.name)::regclass AND c.confrelid = to_regclass(concat('"{tenant}".', t.other));
