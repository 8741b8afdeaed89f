CREATE FUNCTION "{tenant}".touch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = "{tenant}", pg_temp AS $$
DECLARE
  row "{tenant}".orders%ROWTYPE;
  kind "{tenant}".state := 'new';
BEGIN
  SELECT * INTO row FROM "{tenant}".orders WHERE "{tenant}".orders.id = NEW.id;
  PERFORM nextval('"{tenant}".numbers'), '"{tenant}".orders'::regclass;
  RETURN NEW;
END $$;
CREATE FUNCTION "{tenant}".newest() RETURNS int LANGUAGE sql SET search_path = "{tenant}" AS 'SELECT max(id) FROM "{tenant}".orders';
CREATE PROCEDURE "{tenant}".pay(state "{tenant}".state) LANGUAGE sql BEGIN ATOMIC UPDATE "{tenant}".orders SET state = $1; END;
CREATE TRIGGER t BEFORE UPDATE ON "{tenant}"."orders" FOR EACH ROW EXECUTE FUNCTION "{tenant}"."touch"();
DO $$ BEGIN
  ALTER TABLE "{tenant}"."orders" ADD CONSTRAINT "fk" FOREIGN KEY ("user") REFERENCES "{tenant}"."users"("id");
EXCEPTION WHEN duplicate_object THEN null;
END $$;
ALTER DEFAULT PRIVILEGES IN SCHEMA "{tenant}" GRANT SELECT ON TABLES TO app;
GRANT USAGE ON SCHEMA "{tenant}" TO app;
COMMENT ON TABLE "{tenant}"."orders" IS 'shop.orders: what the shop sells in shop."x"';
ALTER TABLE t ALTER id SET DEFAULT nextval('"{tenant}".numbers'::regclass);
