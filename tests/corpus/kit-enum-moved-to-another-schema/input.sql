ALTER TYPE "public"."mood" SET SCHEMA "other";
