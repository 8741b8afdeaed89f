CREATE INDEX i ON "{tenant}".t USING gin (a other.gin_trgm_ops);
