CREATE TABLE seen (id int PRIMARY KEY, t text);
CREATE VIEW sights WITH (security_barrier = true, security_invoker = true) AS SELECT id, t FROM seen WHERE id < 10 WITH CASCADED CHECK OPTION;
ALTER VIEW sights ALTER COLUMN t SET DEFAULT 'unseen';
CREATE VIEW on_top AS SELECT count(*) AS n FROM sights;
INSERT INTO seen VALUES (1, 'x');
