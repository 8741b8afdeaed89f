CREATE TYPE point_3d AS (x int, y int, z int);
CREATE TABLE points_3d OF point_3d (x WITH OPTIONS PRIMARY KEY, z WITH OPTIONS DEFAULT 0);
INSERT INTO points_3d VALUES (1, 2, 3);
