// Sources: which part of a connector's content is read, and for which tenant.
import { sql } from "drizzle-orm";
import { check, index, integer, jsonb, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";

import { createdAt, timestamptz, updatedAt } from "./columns.ts";
import { connectors } from "./connectors.ts";

export interface ChunkingSettings {
  maxTokens: number;
  overlapTokens: number;
}

export const sources = pgTable(
  "sources",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    connectorId: uuid("connector_id")
      .notNull()
      .references(() => connectors.id, { onDelete: "restrict" }),
    tenant: text("tenant").notNull(),
    name: text("name").notNull(),
    rootUri: text("root_uri").notNull(),
    includePatterns: text("include_patterns").array().notNull().default(["**"]),
    excludePatterns: text("exclude_patterns").array().notNull().default([]),
    chunking: jsonb("chunking")
      .$type<ChunkingSettings>()
      .notNull()
      .default({ maxTokens: 512, overlapTokens: 64 }),
    syncIntervalMinutes: integer("sync_interval_minutes").notNull().default(60),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    pausedAt: timestamptz("paused_at"),
  },
  (table) => [
    unique("sources_tenant_name_key").on(table.tenant, table.name),
    index("sources_connector_id_idx").on(table.connectorId),
    check("sources_sync_interval_range", sql`${table.syncIntervalMinutes} between 5 and 10080`),
    check("sources_includes_something", sql`cardinality(${table.includePatterns}) > 0`),
  ],
);
