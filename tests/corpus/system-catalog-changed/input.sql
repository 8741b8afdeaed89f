DELETE FROM pg_catalog.pg_enum WHERE enumlabel = 'x';
