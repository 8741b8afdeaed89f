CREATE FUNCTION slugged(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower(replace(t, ' ', '-')) $$;
CREATE TABLE slugs (title text, slug text GENERATED ALWAYS AS (slugged(title)) STORED);
INSERT INTO slugs VALUES ('A Title');
