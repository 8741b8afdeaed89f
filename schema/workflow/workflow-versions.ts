// Versions of workflows. A published version no longer changes.
import { sql } from "drizzle-orm";
import {
  type AnyPgColumn,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  unique,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";

import { createdAt, timestamptz } from "./columns.ts";
import { versionState } from "./enums.ts";
import { workflows } from "./workflows.ts";

export const workflowVersions = pgTable(
  "workflow_versions",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    workflowId: uuid("workflow_id")
      .notNull()
      .references((): AnyPgColumn => workflows.id, { onDelete: "cascade" }),
    basedOnId: uuid("based_on_id").references((): AnyPgColumn => workflowVersions.id, {
      onDelete: "set null",
    }),
    versionNumber: integer("version_number").notNull(),
    state: versionState("state").notNull().default("draft"),
    releaseNotes: text("release_notes").notNull().default(""),
    /** JSON Schema of an execution's input. */
    inputSchema: jsonb("input_schema").$type<Record<string, unknown>>().notNull().default({}),
    createdBy: uuid("created_by").notNull(),
    createdAt: createdAt(),
    publishedAt: timestamptz("published_at"),
  },
  (table) => [
    // Target of the foreign keys that also check that a version belongs to its workflow.
    unique("workflow_versions_id_workflow_key").on(table.id, table.workflowId),
    unique("workflow_versions_number_key").on(table.workflowId, table.versionNumber),
    uniqueIndex("workflow_versions_one_draft_key")
      .on(table.workflowId)
      .where(sql`${table.state} = 'draft'`),
    index("workflow_versions_based_on_id_idx").on(table.basedOnId),
    check("workflow_versions_number_positive", sql`${table.versionNumber} > 0`),
    check(
      "workflow_versions_published_has_date",
      sql`${table.state} <> 'published' or ${table.publishedAt} is not null`,
    ),
  ],
);
