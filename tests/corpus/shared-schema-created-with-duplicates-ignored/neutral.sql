DO $$ BEGIN CREATE TYPE "auth"."e" AS ENUM('a'); EXCEPTION WHEN duplicate_object THEN null; END $$;
DO $$ BEGIN CREATE TABLE auth.t (id int); CREATE INDEX i ON auth.t (id); EXCEPTION WHEN duplicate_table THEN null; END $$;
DO $$ BEGIN ALTER TABLE "auth"."t" ADD CONSTRAINT "fk" FOREIGN KEY ("id") REFERENCES "auth"."u"("id"); EXCEPTION WHEN duplicate_object THEN null; END $$;
DO $$ BEGIN BEGIN CREATE SCHEMA auth; END; EXCEPTION WHEN others THEN null; END $$;
DO $$ BEGIN ALTER TABLE auth.t ADD COLUMN x int; EXCEPTION WHEN sqlstate '42701' THEN END $$;
