GRANT SELECT, INSERT (public) ON "{tenant}".public, "{tenant}"."t" TO app;
REVOKE ALL ON TABLE t FROM PUBLIC, "public";
GRANT EXECUTE ON FUNCTION "{tenant}".f("{tenant}".mood) TO app;
GRANT USAGE ON TYPE "{tenant}".mood TO public WITH GRANT OPTION;
GRANT USAGE ON SEQUENCE "{tenant}".s TO app;
