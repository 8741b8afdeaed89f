SET search_path = "{tenant}";
SET LOCAL search_path TO "{tenant}", auth, pg_temp;
SET search_path TO "{tenant}";
CREATE TABLE t (id int);
DO $$ BEGIN SET LOCAL search_path = "{tenant}"; CREATE TABLE u (id int); END $$;
