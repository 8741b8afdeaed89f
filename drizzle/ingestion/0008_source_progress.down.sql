DROP VIEW "public"."source_progress";
