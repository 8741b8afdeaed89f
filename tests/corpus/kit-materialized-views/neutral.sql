CREATE MATERIALIZED VIEW "{tenant}"."totals" USING "heap" WITH (fillfactor = 90, toast.autovacuum_enabled = false) TABLESPACE pg_default AS (select count(*) as "n" from "person") WITH NO DATA;
ALTER MATERIALIZED VIEW "{tenant}"."totals" SET (toast.autovacuum_enabled = true);
ALTER MATERIALIZED VIEW "{tenant}"."totals" RENAME TO "sums";
REFRESH MATERIALIZED VIEW CONCURRENTLY "{tenant}"."sums";
DROP MATERIALIZED VIEW "{tenant}"."sums";
