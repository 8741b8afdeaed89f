SELECT to_regnamespace('public'), has_schema_privilege('public', 'usage');
