GRANT SELECT ON ALL TABLES IN SCHEMA shared, "{tenant}" TO app;
