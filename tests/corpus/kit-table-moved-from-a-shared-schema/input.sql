ALTER TABLE "archive"."person" SET SCHEMA "public";
