-- REFRESH MATERIALIZED VIEW CONCURRENTLY needs a unique index.
CREATE UNIQUE INDEX "workflow_daily_stats_key" ON "workflow_daily_stats" ("workflow_id", "day");
