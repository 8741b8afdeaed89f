CREATE TABLE tidied (id int);
CREATE PROCEDURE tidy(INOUT n int, IN m int DEFAULT 3) LANGUAGE plpgsql AS $$ BEGIN DELETE FROM tidied WHERE id = n; END $$;
