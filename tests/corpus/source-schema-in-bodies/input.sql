CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  row shop.orders%ROWTYPE;
  kind shop.state := 'new';
BEGIN
  SELECT * INTO row FROM shop.orders WHERE shop.orders.id = NEW.id;
  PERFORM nextval('shop.numbers'), 'shop.orders'::regclass;
  RETURN NEW;
END $$;
CREATE FUNCTION shop.newest() RETURNS int LANGUAGE sql SET search_path = shop AS 'SELECT max(id) FROM "shop".orders';
CREATE PROCEDURE "shop".pay(state shop.state) LANGUAGE sql BEGIN ATOMIC UPDATE shop.orders SET state = $1; END;
CREATE TRIGGER t BEFORE UPDATE ON "shop"."orders" FOR EACH ROW EXECUTE FUNCTION "shop"."touch"();
DO $$ BEGIN
  ALTER TABLE "shop"."orders" ADD CONSTRAINT "fk" FOREIGN KEY ("user") REFERENCES "shop"."users"("id");
EXCEPTION WHEN duplicate_object THEN null;
END $$;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO app;
GRANT USAGE ON SCHEMA shop TO app;
COMMENT ON TABLE "shop"."orders" IS 'shop.orders: what the shop sells in shop."x"';
ALTER TABLE t ALTER id SET DEFAULT nextval('shop.numbers'::regclass);
