CREATE TABLE triggered (id int, t text);
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.t := TG_ARGV[0]; RETURN new; END $$;
CREATE TRIGGER touch BEFORE UPDATE OF t ON triggered FOR EACH ROW WHEN (old.* IS DISTINCT FROM new.*) EXECUTE FUNCTION touched('it''s', 'triggered');
CREATE TRIGGER fill BEFORE INSERT ON triggered FOR EACH ROW EXECUTE FUNCTION touched('filled');
CREATE TRIGGER off AFTER INSERT ON triggered REFERENCING NEW TABLE AS fresh EXECUTE FUNCTION touched();
ALTER TABLE triggered DISABLE TRIGGER off;
INSERT INTO triggered VALUES (1);
UPDATE triggered SET t = 'changed by hand';
