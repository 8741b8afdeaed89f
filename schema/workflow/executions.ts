// Executions of workflow versions.
import { sql } from "drizzle-orm";
import {
  type AnyPgColumn,
  bigint,
  check,
  foreignKey,
  index,
  jsonb,
  pgSequence,
  pgTable,
  text,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";

import { createdAt, timestamptz } from "./columns.ts";
import { executionStatus, triggerKind } from "./enums.ts";
import { workflowVersions } from "./workflow-versions.ts";

/** Users refer to "run 1042", not to its UUID. */
export const executionNumberSeq = pgSequence("execution_number_seq", { startWith: 1, cache: 10 });

export const executions = pgTable(
  "executions",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    number: bigint("number", { mode: "number" })
      .notNull()
      .default(sql`nextval('execution_number_seq')`),
    workflowId: uuid("workflow_id").notNull(),
    versionId: uuid("version_id").notNull(),
    parentId: uuid("parent_id").references((): AnyPgColumn => executions.id, {
      onDelete: "cascade",
    }),
    status: executionStatus("status").notNull().default("queued"),
    trigger: triggerKind("trigger").notNull().default("manual"),
    startedBy: uuid("started_by"),
    input: jsonb("input").$type<Record<string, unknown>>().notNull().default({}),
    output: jsonb("output").$type<Record<string, unknown>>(),
    error: text("error"),
    createdAt: createdAt(),
    startedAt: timestamptz("started_at"),
    finishedAt: timestamptz("finished_at"),
    durationMs: bigint("duration_ms", { mode: "number" }).generatedAlwaysAs(
      sql`(extract(epoch from (finished_at - started_at)) * 1000)::bigint`,
    ),
  },
  (table) => [
    foreignKey({
      name: "executions_version_fk",
      columns: [table.versionId, table.workflowId],
      foreignColumns: [workflowVersions.id, workflowVersions.workflowId],
    }).onDelete("cascade"),
    uniqueIndex("executions_number_key").on(table.number),
    index("executions_workflow_created_at_idx").on(table.workflowId, table.createdAt.desc()),
    index("executions_version_id_idx").on(table.versionId),
    index("executions_parent_id_idx").on(table.parentId),
    index("executions_queue_idx").on(table.createdAt).where(sql`${table.status} = 'queued'`),
    index("executions_waiting_idx").on(table.startedAt).where(sql`${table.status} = 'waiting'`),
    check("executions_finish_after_start", sql`${table.finishedAt} >= ${table.startedAt}`),
  ],
);
