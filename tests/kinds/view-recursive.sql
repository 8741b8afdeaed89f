CREATE TABLE nodes (id int, up int);
CREATE RECURSIVE VIEW paths (id, depth) AS SELECT id, 1 FROM nodes WHERE up IS NULL UNION ALL SELECT n.id, p.depth + 1 FROM nodes n JOIN paths p ON n.up = p.id;
