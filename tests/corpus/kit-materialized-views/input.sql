CREATE MATERIALIZED VIEW "public"."totals" USING "heap" WITH (fillfactor = 90, toast.autovacuum_enabled = false) TABLESPACE pg_default AS (select count(*) as "n" from "person") WITH NO DATA;--> statement-breakpoint
ALTER MATERIALIZED VIEW "public"."totals" SET (toast.autovacuum_enabled = true);--> statement-breakpoint
ALTER MATERIALIZED VIEW "public"."totals" RENAME TO "sums";--> statement-breakpoint
REFRESH MATERIALIZED VIEW CONCURRENTLY "public"."sums";--> statement-breakpoint
DROP MATERIALIZED VIEW "public"."sums";
