CREATE TABLE keyed (id int PRIMARY KEY, name text, CONSTRAINT one_name UNIQUE (name));
CREATE FUNCTION keyed_names() RETURNS SETOF text LANGUAGE sql STABLE BEGIN ATOMIC SELECT k.name FROM keyed k GROUP BY k.id; END;
CREATE FUNCTION keyed_add(n int, t text) RETURNS void LANGUAGE sql BEGIN ATOMIC INSERT INTO keyed VALUES (n, t) ON CONFLICT ON CONSTRAINT one_name DO UPDATE SET id = excluded.id; END;
CREATE VIEW keyed_view AS SELECT n FROM keyed_names() n;
INSERT INTO keyed VALUES (1, 'x');
