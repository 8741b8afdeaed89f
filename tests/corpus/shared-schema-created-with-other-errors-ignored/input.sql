DO $$ BEGIN CREATE TABLE auth.t (id int); EXCEPTION WHEN duplicate_object THEN null; END $$;
DO $$ BEGIN CREATE TYPE "auth"."e" AS ENUM('a'); EXCEPTION WHEN duplicate_object THEN RAISE; END $$;
DO $$ BEGIN DROP TABLE auth.t; EXCEPTION WHEN undefined_table THEN null; END $$;
DO $$ BEGIN CREATE TYPE "auth"."e" AS ENUM('a'); BEGIN NULL; EXCEPTION WHEN duplicate_object THEN null; END; END $$;
DO $$ BEGIN CREATE TYPE auth.e AS ENUM('a'); BEGIN CREATE TYPE auth.e AS ENUM('a'); EXCEPTION WHEN duplicate_object THEN null; END; END $$;
DO $$ BEGIN NULL; EXCEPTION WHEN duplicate_object THEN CREATE TYPE "auth"."e" AS ENUM('a'); END $$;
DO $$ BEGIN ALTER TABLE auth.t ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES public.u (id); EXCEPTION WHEN duplicate_object THEN null; END $$;
