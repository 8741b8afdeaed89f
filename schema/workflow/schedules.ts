// When workflows start automatically.
import { sql } from "drizzle-orm";
import { boolean, check, index, jsonb, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";

import { createdAt, timestamptz, updatedAt } from "./columns.ts";
import { workflows } from "./workflows.ts";

export const schedules = pgTable(
  "schedules",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    workflowId: uuid("workflow_id")
      .notNull()
      .references(() => workflows.id, { onDelete: "cascade" }),
    name: text("name").notNull(),
    cron: text("cron").notNull(),
    timeZone: text("time_zone").notNull().default("UTC"),
    input: jsonb("input").$type<Record<string, unknown>>().notNull().default({}),
    enabled: boolean("enabled").notNull().default(true),
    lastRunAt: timestamptz("last_run_at"),
    nextRunAt: timestamptz("next_run_at"),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    unique("schedules_workflow_name_key").on(table.workflowId, table.name),
    index("schedules_due_idx").on(table.nextRunAt).where(sql`${table.enabled}`),
    check(
      "schedules_cron_has_five_fields",
      sql`array_length(string_to_array(${table.cron}, ' '), 1) = 5`,
    ),
  ],
);
