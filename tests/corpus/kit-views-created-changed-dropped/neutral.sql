CREATE VIEW "{tenant}"."adults" WITH (check_option = local, security_invoker = true) AS (select "id" from "person" where "age" > 17);
ALTER VIEW "{tenant}"."adults" SET (security_barrier = true);
ALTER VIEW "{tenant}"."adults" RESET (security_barrier);
ALTER VIEW "{tenant}"."adults" RENAME TO "grown_ups";
DROP VIEW "{tenant}"."grown_ups";
