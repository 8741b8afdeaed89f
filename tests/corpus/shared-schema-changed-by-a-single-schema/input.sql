CREATE SCHEMA "auth";
CREATE TABLE "auth"."users" ("id" integer);
CREATE INDEX i ON auth.users (id);
ALTER TABLE auth.users RENAME TO people;
