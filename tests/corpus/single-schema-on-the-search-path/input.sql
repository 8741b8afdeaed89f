SET search_path = public;
SET LOCAL search_path TO public, auth, pg_temp;
SET search_path TO "public";
CREATE TABLE t (id int);
DO $$ BEGIN SET LOCAL search_path = public; CREATE TABLE u (id int); END $$;
