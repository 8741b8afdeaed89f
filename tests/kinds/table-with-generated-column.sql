CREATE TABLE generated (a int, b int GENERATED ALWAYS AS (a * 2) STORED, c text GENERATED ALWAYS AS (upper('x' || a::text)) STORED);
INSERT INTO generated (a) VALUES (1), (NULL);
