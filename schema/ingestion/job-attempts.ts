// Each attempt of a worker at a job, and its result.
import { sql } from "drizzle-orm";
import { check, index, pgTable, primaryKey, smallint, text, uuid } from "drizzle-orm/pg-core";

import { timestamptz } from "./columns.ts";
import { ingestionJobs } from "./ingestion-jobs.ts";

export const jobAttempts = pgTable(
  "job_attempts",
  {
    jobId: uuid("job_id")
      .notNull()
      .references(() => ingestionJobs.id, { onDelete: "cascade" }),
    attempt: smallint("attempt").notNull(),
    worker: text("worker").notNull(),
    startedAt: timestamptz("started_at").notNull().defaultNow(),
    heartbeatAt: timestamptz("heartbeat_at").notNull().defaultNow(),
    finishedAt: timestamptz("finished_at"),
    error: text("error"),
  },
  (table) => [
    primaryKey({ name: "job_attempts_pkey", columns: [table.jobId, table.attempt] }),
    index("job_attempts_open_idx").on(table.heartbeatAt).where(sql`${table.finishedAt} is null`),
    check("job_attempts_attempt_positive", sql`${table.attempt} > 0`),
    check("job_attempts_finish_after_start", sql`${table.finishedAt} >= ${table.startedAt}`),
  ],
);
