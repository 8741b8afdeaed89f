SELECT nextval(16390);
SELECT nextval(s) FROM names;
SELECT setval(c.oid::regclass, 5) FROM pg_class c;
SELECT nextval(regclassin('x'));
SELECT table_to_xml(concat('other', '.t')::regclass, true, true, '');
CREATE TABLE t (id bigint DEFAULT nextval((SELECT max(oid) FROM pg_class)));
DO $$ DECLARE s regclass; BEGIN PERFORM setval(s, 1); END $$;
SELECT pg_table_size($$other$$ || '.t');
