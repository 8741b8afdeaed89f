ALTER TABLE t SET SCHEMA "{tenant}";
ALTER FUNCTION "{tenant}".f(integer) SET SCHEMA "{tenant}";
