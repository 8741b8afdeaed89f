SELECT setval('"{tenant}".s', 5, true), nextval('"{tenant}"."S"'::regclass), currval('"{tenant}" . s'), nextval('s'), setval(pg_get_serial_sequence('"{tenant}".t', 'id'), 7);
