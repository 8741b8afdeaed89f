ALTER VIEW "public"."adults" SET SCHEMA "other";
