DO $$ DECLARE t text; BEGIN EXECUTE 'ALTER TABLE other.' || quote_ident(t) || ' ADD COLUMN n integer'; END $$;
DO $$ DECLARE t text; BEGIN EXECUTE format('CREATE ROLE %I', t); END $$;
DO $$ DECLARE t text; BEGIN EXECUTE format('SET search_path TO %I', t); END $$;
DO $$ DECLARE t text; BEGIN EXECUTE format('ALTER TABLE %I.%I ADD COLUMN n integer', t, t); END $$;
