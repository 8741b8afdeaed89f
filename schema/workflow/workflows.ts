// Workflows. The definition is in the versions; the row only names the live one.
import { sql } from "drizzle-orm";
import {
  type AnyPgColumn,
  boolean,
  check,
  index,
  jsonb,
  pgTable,
  text,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";

import { createdAt, timestamptz, updatedAt } from "./columns.ts";
import { triggerKind } from "./enums.ts";
import { workflowVersions } from "./workflow-versions.ts";

export interface WorkflowSettings {
  maxConcurrentExecutions?: number;
  executionTimeoutSeconds?: number;
  retentionDays?: number;
}

export const workflows = pgTable(
  "workflows",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    slug: text("slug").notNull(),
    name: text("name").notNull(),
    description: text("description").notNull().default(""),
    labels: text("labels").array().notNull().default([]),
    defaultTrigger: triggerKind("default_trigger").notNull().default("manual"),
    settings: jsonb("settings")
      .$type<WorkflowSettings>()
      .notNull()
      .default({ maxConcurrentExecutions: 10, retentionDays: 90 }),
    enabled: boolean("enabled").notNull().default(true),
    /** A user of the auth service. */
    ownerId: uuid("owner_id").notNull(),
    liveVersionId: uuid("live_version_id").references((): AnyPgColumn => workflowVersions.id, {
      onDelete: "set null",
    }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    archivedAt: timestamptz("archived_at"),
  },
  (table) => [
    uniqueIndex("workflows_slug_key").on(table.slug).where(sql`${table.archivedAt} is null`),
    index("workflows_name_lower_idx").on(sql`lower(${table.name})`),
    index("workflows_labels_idx").using("gin", table.labels),
    index("workflows_owner_id_idx").on(table.ownerId),
    index("workflows_live_version_id_idx").on(table.liveVersionId),
    check("workflows_name_not_blank", sql`btrim(${table.name}) <> ''`),
    check("workflows_slug_format", sql`${table.slug} ~ '^[a-z0-9]+(-[a-z0-9]+)*$'`),
  ],
);
