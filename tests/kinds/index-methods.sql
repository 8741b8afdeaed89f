CREATE TABLE methods (a int, b int[], c tsvector, d box, e text);
CREATE INDEX m_hash ON methods USING hash (a) WITH (fillfactor = 50);
CREATE INDEX m_gin ON methods USING gin (b, c) WITH (fastupdate = off, gin_pending_list_limit = 128);
CREATE INDEX m_gist ON methods USING gist (d) WITH (buffering = on);
CREATE INDEX m_spgist ON methods USING spgist (e);
CREATE INDEX m_brin ON methods USING brin (a int4_minmax_multi_ops(values_per_range = 16)) WITH (pages_per_range = 8, autosummarize = on);
INSERT INTO methods VALUES (1, '{1,2}', 'a b', '(0,0),(1,1)', 'e');
