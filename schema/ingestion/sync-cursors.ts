// How far each stream of a source has been read.
import { sql } from "drizzle-orm";
import { check, integer, jsonb, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";

import { timestamptz } from "./columns.ts";
import { sources } from "./sources.ts";

export const syncCursors = pgTable(
  "sync_cursors",
  {
    sourceId: uuid("source_id")
      .notNull()
      .references(() => sources.id, { onDelete: "cascade" }),
    stream: text("stream").notNull().default("documents"),
    /** What the connector needs to continue from here. */
    position: jsonb("position").$type<Record<string, unknown>>().notNull().default({}),
    generation: integer("generation").notNull().default(1),
    syncedAt: timestamptz("synced_at"),
  },
  (table) => [
    primaryKey({ name: "sync_cursors_pkey", columns: [table.sourceId, table.stream] }),
    check("sync_cursors_position_is_object", sql`jsonb_typeof(${table.position}) = 'object'`),
  ],
);
