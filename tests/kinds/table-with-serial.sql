CREATE TABLE serials (a serial PRIMARY KEY, b bigserial, c smallserial);
INSERT INTO serials DEFAULT VALUES;
INSERT INTO serials DEFAULT VALUES;
