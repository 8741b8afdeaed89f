CREATE TEXT SEARCH DICTIONARY plain_words (TEMPLATE = simple, ACCEPT = false);
CREATE TEXT SEARCH CONFIGURATION searched (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION searched ALTER MAPPING FOR word, asciiword WITH plain_words, simple;
CREATE TABLE searched_rows (t text, v tsvector GENERATED ALWAYS AS (to_tsvector('searched', t)) STORED);
CREATE INDEX searched_v ON searched_rows USING gin (to_tsvector('searched', t));
INSERT INTO searched_rows VALUES ('some words');
