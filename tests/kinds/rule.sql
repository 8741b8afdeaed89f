CREATE TABLE ruled (id int); CREATE TABLE ruled_log (id int);
CREATE RULE no_delete AS ON DELETE TO ruled DO INSTEAD NOTHING;
CREATE RULE logged AS ON INSERT TO ruled WHERE new.id > 5 DO ALSO INSERT INTO ruled_log VALUES (new.id);
ALTER TABLE ruled DISABLE RULE logged;
INSERT INTO ruled VALUES (9);
