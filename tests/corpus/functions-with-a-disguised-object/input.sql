SELECT table_to_xml(targetns => '', tbl => 'users', nulls => true, tableforest => true);
SELECT nextval('17005');
SELECT setval('17005'::regclass, 999);
CREATE TABLE t (id bigint DEFAULT nextval('17005'));
SELECT nextval('users\056seq'::bytea::text::regclass);
SELECT nextval('users_seq_'::varchar(9));
