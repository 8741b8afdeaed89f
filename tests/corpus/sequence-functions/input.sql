SELECT setval('public.s', 5, true), nextval('"public"."S"'::regclass), currval(' public . s'), nextval('s'), setval(pg_get_serial_sequence('public.t', 'id'), 7);
