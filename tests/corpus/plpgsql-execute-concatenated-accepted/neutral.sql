DO $$ DECLARE t text; BEGIN
  EXECUTE 'ALTER TABLE "{tenant}".' || quote_ident(t) || ' ADD COLUMN n integer';
  EXECUTE 'ALTER TABLE "{tenant}".' || t || '_log ADD COLUMN n integer';
  EXECUTE 'ALTER TABLE ' || quote_ident((parse_ident('"{tenant}"'::regnamespace::text))[1]) || '.' || quote_ident(t) || ' ADD COLUMN m integer';
  EXECUTE concat('DROP TABLE "{tenant}".', t);
  EXECUTE 'UPDATE "{tenant}".note SET visibility = ' || quote_literal('public') || ' WHERE id = ' || t;
  EXECUTE 'ALTER TABLE "{tenant}".note ' || t;
  EXECUTE 'ALTER TABLE "{tenant}".note ADD CONSTRAINT k ' || replace(t, 'a', 'b');
END $$;
