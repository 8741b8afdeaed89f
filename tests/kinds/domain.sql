CREATE DOMAIN price AS numeric(10,2) DEFAULT 1 NOT NULL CONSTRAINT not_negative CHECK (VALUE >= 0);
CREATE DOMAIN cheap AS price CHECK (VALUE < 100);
CREATE TABLE prices (a price, b cheap);
INSERT INTO prices VALUES (5, 6);
