CREATE SEQUENCE atomic_seq;
CREATE TABLE atomic_base (id bigint DEFAULT nextval('atomic_seq'), at timestamptz DEFAULT now());
CREATE VIEW atomic_view AS SELECT id, date_trunc('day', at) AS day FROM atomic_base;
CREATE TYPE atomic_kind AS ENUM ('a', 'b');
CREATE FUNCTION atomic_next(kind atomic_kind DEFAULT 'a') RETURNS TABLE (n bigint, k atomic_kind) LANGUAGE sql BEGIN ATOMIC SELECT nextval('atomic_seq'), kind FROM atomic_view v WHERE v.id IS NOT NULL; SELECT v.id, 'b'::atomic_kind FROM atomic_view v; END;
