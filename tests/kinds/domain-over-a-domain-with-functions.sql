CREATE FUNCTION odd_dd(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1 % 2 <> 0 $$;
CREATE DOMAIN odd_below AS int CHECK (odd_dd(VALUE));
CREATE DOMAIN odd_above AS odd_below CHECK (VALUE > 0);
CREATE TABLE odds (a odd_above[]);
INSERT INTO odds VALUES ('{1}');
