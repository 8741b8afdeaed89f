CREATE VIEW "public"."adults" WITH (security_barrier = true, security_invoker = true) AS (select "id", "person"."public" from "person" where "person"."name" <> 'public.') WITH LOCAL CHECK OPTION;
