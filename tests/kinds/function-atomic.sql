CREATE TABLE atoms (id int, name text);
CREATE FUNCTION atom_names() RETURNS SETOF text LANGUAGE sql STABLE BEGIN ATOMIC SELECT a.name FROM atoms a WHERE a.id > 0 ORDER BY a.id; END;
INSERT INTO atoms VALUES (1, 'x');
