CREATE TABLE attached_to (a int, b text DEFAULT 'above') PARTITION BY LIST (a);
CREATE TABLE attached (extra int, b text DEFAULT 'own', a int);
ALTER TABLE attached DROP COLUMN extra;
ALTER TABLE attached_to ATTACH PARTITION attached FOR VALUES IN (1);
INSERT INTO attached_to VALUES (1);
