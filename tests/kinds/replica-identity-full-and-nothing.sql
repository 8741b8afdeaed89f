CREATE TABLE replica_full (a int); ALTER TABLE replica_full REPLICA IDENTITY FULL;
CREATE TABLE replica_nothing (a int); ALTER TABLE replica_nothing REPLICA IDENTITY NOTHING;
