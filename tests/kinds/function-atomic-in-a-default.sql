CREATE TABLE numbered (id int);
CREATE FUNCTION next_number() RETURNS bigint LANGUAGE sql STABLE RETURN (SELECT count(numbered.id) FROM numbered);
ALTER TABLE numbered ALTER id SET DEFAULT next_number();
