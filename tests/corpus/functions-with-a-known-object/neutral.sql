SELECT nextval('users_id_seq'), nextval('"{tenant}".users_id_seq'::regclass), currval(pg_get_serial_sequence('users', 'id'));
SELECT setval(pg_get_serial_sequence('"{tenant}".users', 'id'), (SELECT max(id) FROM users));
SELECT setval('users_id_seq'::regclass::oid, 1);
SELECT pg_total_relation_size('users'), to_regclass('"{tenant}".users') IS NULL;
