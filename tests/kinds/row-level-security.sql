CREATE TABLE secured (id int, owner text);
ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON secured AS RESTRICTIVE FOR UPDATE TO pg_monitor USING (owner = current_user) WITH CHECK (id > 0);
CREATE POLICY everyone ON secured FOR SELECT USING (true);
CREATE POLICY adding ON secured FOR INSERT WITH CHECK (id IN (SELECT s.id FROM secured s));
INSERT INTO secured VALUES (1, 'x');
