// Runs over a source. Workers take the pending job with the highest priority that is due.
import { sql } from "drizzle-orm";
import {
  check,
  foreignKey,
  index,
  jsonb,
  pgTable,
  smallint,
  text,
  unique,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";

import { createdAt, timestamptz } from "./columns.ts";
import { jobStatus } from "./enums.ts";
import { sources } from "./sources.ts";

export interface JobStats {
  added?: number;
  updated?: number;
  removed?: number;
  failed?: number;
}

export const ingestionJobs = pgTable(
  "ingestion_jobs",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    sourceId: uuid("source_id")
      .notNull()
      .references(() => sources.id, { onDelete: "cascade" }),
    retryOfId: uuid("retry_of_id"),
    status: jobStatus("status").notNull().default("pending"),
    priority: smallint("priority").notNull().default(0),
    requestedBy: text("requested_by").notNull().default("scheduler"),
    stats: jsonb("stats").$type<JobStats>().notNull().default({}),
    runAfter: timestamptz("run_after").notNull().defaultNow(),
    createdAt: createdAt(),
    finishedAt: timestamptz("finished_at"),
  },
  (table) => [
    // Target of the foreign keys that also check that a job belongs to its source.
    unique("ingestion_jobs_source_id_key").on(table.sourceId, table.id),
    foreignKey({
      name: "ingestion_jobs_retry_of_fk",
      columns: [table.sourceId, table.retryOfId],
      foreignColumns: [table.sourceId, table.id],
    }).onDelete("cascade"),
    index("ingestion_jobs_queue_idx")
      .on(table.priority.desc(), table.runAfter)
      .where(sql`${table.status} = 'pending'`),
    // One running job per source.
    uniqueIndex("ingestion_jobs_one_running_key")
      .on(table.sourceId)
      .where(sql`${table.status} = 'running'`),
    index("ingestion_jobs_retry_candidates_idx")
      .on(table.sourceId, table.finishedAt)
      .where(sql`${table.status} in ('failed', 'cancelled')`),
    index("ingestion_jobs_retry_of_idx").on(table.sourceId, table.retryOfId),
    check("ingestion_jobs_not_own_retry", sql`${table.retryOfId} <> ${table.id}`),
    check("ingestion_jobs_priority_range", sql`${table.priority} between -10 and 10`),
  ],
);
