CREATE TABLE "{tenant}".t (a integer) WITH (fillfactor = 70, toast.autovacuum_enabled = false);
