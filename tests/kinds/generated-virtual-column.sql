-- since PostgreSQL 18
CREATE TABLE virtual_c (a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL);
INSERT INTO virtual_c VALUES (1);
