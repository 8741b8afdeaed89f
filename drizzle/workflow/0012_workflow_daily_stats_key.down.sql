-- REFRESH MATERIALIZED VIEW CONCURRENTLY is no longer possible without it.
DROP INDEX "workflow_daily_stats_key";
