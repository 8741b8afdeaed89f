// Every attempt at every node of an execution, with what it cost.
import { sql } from "drizzle-orm";
import {
  bigint,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  smallint,
  text,
  unique,
  uuid,
} from "drizzle-orm/pg-core";

import { createdAt, timestamptz } from "./columns.ts";
import { executionStatus } from "./enums.ts";
import { executions } from "./executions.ts";
import { nodes } from "./nodes.ts";

export const stepRuns = pgTable(
  "step_runs",
  {
    id: bigint("id", { mode: "bigint" }).primaryKey().generatedByDefaultAsIdentity(),
    executionId: uuid("execution_id")
      .notNull()
      .references(() => executions.id, { onDelete: "cascade" }),
    nodeId: uuid("node_id")
      .notNull()
      .references(() => nodes.id, { onDelete: "cascade" }),
    attempt: smallint("attempt").notNull().default(1),
    status: executionStatus("status").notNull().default("queued"),
    input: jsonb("input").$type<Record<string, unknown>>().notNull().default({}),
    output: jsonb("output").$type<Record<string, unknown>>(),
    error: text("error"),
    promptTokens: integer("prompt_tokens").notNull().default(0),
    completionTokens: integer("completion_tokens").notNull().default(0),
    totalTokens: integer("total_tokens")
      .notNull()
      .generatedAlwaysAs(sql`prompt_tokens + completion_tokens`),
    createdAt: createdAt(),
    startedAt: timestamptz("started_at"),
    finishedAt: timestamptz("finished_at"),
  },
  (table) => [
    unique("step_runs_attempt_key").on(table.executionId, table.nodeId, table.attempt),
    index("step_runs_node_created_at_idx").on(table.nodeId, table.createdAt.desc()).concurrently(),
    check("step_runs_attempt_positive", sql`${table.attempt} > 0`),
    check(
      "step_runs_tokens_not_negative",
      sql`${table.promptTokens} >= 0 and ${table.completionTokens} >= 0`,
    ),
  ],
);
