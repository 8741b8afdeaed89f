ALTER TABLE "public"."person" SET SCHEMA "archive";
