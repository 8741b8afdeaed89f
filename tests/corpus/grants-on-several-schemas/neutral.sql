GRANT USAGE ON SCHEMA shared, "{tenant}" TO app;
