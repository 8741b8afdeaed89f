CREATE TABLE "public"."a" ();
