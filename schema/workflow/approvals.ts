// Decisions that people must make before an execution continues.
import { sql } from "drizzle-orm";
import { bigint, check, index, pgPolicy, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";

import { createdAt, timestamptz } from "./columns.ts";
import { approvalDecision } from "./enums.ts";
import { stepRuns } from "./step-runs.ts";

export const approvals = pgTable(
  "approvals",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    stepRunId: bigint("step_run_id", { mode: "bigint" })
      .notNull()
      .references(() => stepRuns.id, { onDelete: "cascade" }),
    approverId: uuid("approver_id").notNull(),
    question: text("question").notNull(),
    decision: approvalDecision("decision").notNull().default("pending"),
    comment: text("comment"),
    createdAt: createdAt(),
    dueAt: timestamptz("due_at"),
    decidedAt: timestamptz("decided_at"),
  },
  (table) => [
    unique("approvals_step_run_approver_key").on(table.stepRunId, table.approverId),
    index("approvals_inbox_idx")
      .on(table.approverId, table.dueAt)
      .where(sql`${table.decision} = 'pending'`),
    check(
      "approvals_decided_has_date",
      sql`(${table.decision} = 'pending') = (${table.decidedAt} is null)`,
    ),
    // Applies to every role except the table's owner: approvers see only requests to themselves.
    pgPolicy("approvals_own_inbox", {
      as: "permissive",
      for: "select",
      to: "public",
      using: sql`${table.approverId} = nullif(current_setting('app.user_id', true), '')::uuid`,
    }),
  ],
);
