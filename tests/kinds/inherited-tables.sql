CREATE TABLE base_1 (id int NOT NULL, note text DEFAULT 'base', CHECK (id > 0));
CREATE TABLE base_2 (id int, extra int);
CREATE TABLE heir (mine int, note text DEFAULT 'both', PRIMARY KEY (id)) INHERITS (base_1, base_2);
ALTER TABLE heir ALTER extra SET DEFAULT 7;
INSERT INTO base_1 VALUES (1); INSERT INTO heir (id) VALUES (2);
