CREATE TABLE hard_rows (a text, b text[]);
INSERT INTO hard_rows VALUES (E'tab\there\nnew\\line\r', '{"a,b", NULL, ""}'), ('\N', '{}'), ('\.', NULL), (U&'\FEFFbom \2028', ARRAY['"', E'\\']);
