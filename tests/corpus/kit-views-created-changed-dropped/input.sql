CREATE VIEW "public"."adults" WITH (check_option = local, security_invoker = true) AS (select "id" from "person" where "age" > 17);--> statement-breakpoint
ALTER VIEW "public"."adults" SET (security_barrier = true);--> statement-breakpoint
ALTER VIEW "public"."adults" RESET (security_barrier);--> statement-breakpoint
ALTER VIEW "public"."adults" RENAME TO "grown_ups";--> statement-breakpoint
DROP VIEW "public"."grown_ups";
