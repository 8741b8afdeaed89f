CREATE TABLE defaults (id int DEFAULT 1, t text DEFAULT 'it''s', at timestamptz DEFAULT '2020-01-01 00:00:00+00', n numeric(10,2) DEFAULT 1.5, b boolean DEFAULT true, j jsonb DEFAULT '{"a": [1]}', u uuid DEFAULT gen_random_uuid());
INSERT INTO defaults (id) SELECT generate_series(1, 3);
