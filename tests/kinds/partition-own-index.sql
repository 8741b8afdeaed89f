CREATE TABLE part_idx (a int, b int) PARTITION BY RANGE (a);
CREATE TABLE part_idx_1 PARTITION OF part_idx FOR VALUES FROM (0) TO (10);
CREATE INDEX part_idx_1_own ON part_idx_1 (b) WHERE a > 5;
CREATE INDEX part_idx_only ON ONLY part_idx (b);
