CREATE TABLE "Odd ""Table""" ("order" int PRIMARY KEY, "Größe mm" text, "a.b" int DEFAULT 1, "select" text DEFAULT '"');
CREATE INDEX "Odd index" ON "Odd ""Table""" ("Größe mm");
CREATE TYPE "Odd Type" AS ENUM ('A b', 'ü');
ALTER TABLE "Odd ""Table""" ADD COLUMN "the Type" "Odd Type" DEFAULT 'ü';
CREATE FUNCTION "Odd fn"("Arg" int) RETURNS int LANGUAGE sql AS $$ SELECT "Arg" $$;
INSERT INTO "Odd ""Table""" VALUES (1, 'x', 2, 'y');
