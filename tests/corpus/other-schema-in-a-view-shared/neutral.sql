CREATE VIEW "{tenant}".v AS SELECT t.id, other.u.public FROM "{tenant}".t JOIN other.u USING (id);
