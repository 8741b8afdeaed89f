CREATE TABLE words_in ("order" int, "Mixed Case" text, value int);
CREATE FUNCTION read_words() RETURNS TABLE (o int, m text) LANGUAGE sql BEGIN ATOMIC WITH x AS (SELECT w."order", w."Mixed Case" FROM words_in w) SELECT x."order", x."Mixed Case" FROM x; END;
