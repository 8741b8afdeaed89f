ALTER TABLE "archive"."person" SET SCHEMA "{tenant}";
