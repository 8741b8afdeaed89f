// Figures for the dashboard, refreshed in the background. A unique index on (workflow_id, day),
// created in a separate migration, allows REFRESH ... CONCURRENTLY.
import { count, isNotNull, sql } from "drizzle-orm";
import { pgMaterializedView } from "drizzle-orm/pg-core";

import { executions } from "./executions.ts";

export const workflowDailyStats = pgMaterializedView("workflow_daily_stats").as((qb) => {
  const day = sql<string>`(${executions.startedAt} at time zone 'UTC')::date`;

  return qb
    .select({
      workflowId: executions.workflowId,
      day: day.as("day"),
      executionCount: count().as("execution_count"),
      failureCount: sql<number>`count(*) filter (where ${executions.status} = 'failed')`
        .mapWith(Number)
        .as("failure_count"),
      averageDurationMs: sql<string | null>`avg(${executions.durationMs})`.as(
        "average_duration_ms",
      ),
    })
    .from(executions)
    .where(isNotNull(executions.startedAt))
    .groupBy(executions.workflowId, day);
});
