CREATE TABLE clustered (a int NOT NULL, b int NOT NULL);
CREATE UNIQUE INDEX clustered_a ON clustered (a); CREATE UNIQUE INDEX clustered_b ON clustered (b);
ALTER TABLE clustered CLUSTER ON clustered_a; ALTER TABLE clustered REPLICA IDENTITY USING INDEX clustered_b;
INSERT INTO clustered VALUES (1, 2);
