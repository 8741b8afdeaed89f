CREATE TYPE "public"."e" AS ENUM('a');
ALTER TABLE "shop"."t" ADD COLUMN "x" "public"."e";
SELECT * FROM public.t;
CREATE TABLE unqualified (id int);
