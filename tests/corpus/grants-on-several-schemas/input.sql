GRANT USAGE ON SCHEMA shared, public TO app;
