DO $$ DECLARE p text := 'users'; BEGIN IF to_regclass(p) IS NULL THEN CREATE TABLE users (id int); END IF; END $$;
