CREATE TABLE identity_always (id bigint GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME numbers_of_it START 100 INCREMENT 10 CACHE 3), t text);
INSERT INTO identity_always (t) VALUES ('a'), ('b');
