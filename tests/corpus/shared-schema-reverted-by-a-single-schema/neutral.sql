DROP INDEX auth.i;
DROP TABLE "auth"."users";
DROP SCHEMA "auth";
