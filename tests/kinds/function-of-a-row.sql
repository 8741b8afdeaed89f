CREATE TABLE labelled (id int, name text);
CREATE FUNCTION label(labelled) RETURNS text LANGUAGE sql STABLE AS $$ SELECT $1.name || $1.id $$;
CREATE VIEW labels AS SELECT l.label FROM labelled l;
