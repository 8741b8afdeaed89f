// Endpoints that start a workflow, and endpoints that are notified when its executions end.
import { sql } from "drizzle-orm";
import { boolean, check, index, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";

import { createdAt, timestamptz, updatedAt } from "./columns.ts";
import { executionStatus } from "./enums.ts";
import { workflows } from "./workflows.ts";

export const webhooks = pgTable(
  "webhooks",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    workflowId: uuid("workflow_id")
      .notNull()
      .references(() => workflows.id, { onDelete: "cascade" }),
    /** The last segment of the URL that starts the workflow. */
    path: text("path").notNull(),
    secretHash: text("secret_hash").notNull(),
    callbackUrl: text("callback_url"),
    notifyOn: executionStatus("notify_on").array().notNull().default(["succeeded", "failed"]),
    enabled: boolean("enabled").notNull().default(true),
    lastCalledAt: timestamptz("last_called_at"),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    unique("webhooks_path_key").on(table.path),
    index("webhooks_workflow_id_idx").on(table.workflowId),
    index("webhooks_notify_on_idx").using("gin", table.notifyOn),
    check("webhooks_callback_is_https", sql`${table.callbackUrl} like 'https://%'`),
    check("webhooks_notifies_of_something", sql`cardinality(${table.notifyOn}) > 0`),
  ],
);
