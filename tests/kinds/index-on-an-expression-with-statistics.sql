CREATE TABLE expressed (a text);
CREATE INDEX by_size ON expressed ((length(a)));
ALTER INDEX by_size ALTER COLUMN 1 SET STATISTICS 900;
