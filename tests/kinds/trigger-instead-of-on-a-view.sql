CREATE TABLE behind_view (id int);
CREATE VIEW view_written AS SELECT id FROM behind_view;
CREATE FUNCTION write_through() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO behind_view VALUES (new.id); RETURN new; END $$;
CREATE TRIGGER through INSTEAD OF INSERT ON view_written FOR EACH ROW EXECUTE FUNCTION write_through();
