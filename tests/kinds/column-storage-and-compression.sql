CREATE TABLE stored (a text, b text, c bytea, d text COMPRESSION pglz);
ALTER TABLE stored ALTER a SET STORAGE EXTERNAL, ALTER b SET STORAGE MAIN, ALTER c SET STORAGE PLAIN;
INSERT INTO stored VALUES (repeat('x', 5000), repeat('y', 5000), 'z', repeat('w', 5000));
