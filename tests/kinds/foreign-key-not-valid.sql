CREATE TABLE owners_nv (id int PRIMARY KEY);
CREATE TABLE cars_nv (owner int);
INSERT INTO cars_nv VALUES (5);
ALTER TABLE cars_nv ADD FOREIGN KEY (owner) REFERENCES owners_nv NOT VALID;
