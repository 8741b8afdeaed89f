CREATE TABLE others (id integer REFERENCES other.t);
