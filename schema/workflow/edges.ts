// Connections between the nodes of one workflow version.
import { sql } from "drizzle-orm";
import {
  bigint,
  check,
  foreignKey,
  index,
  jsonb,
  pgTable,
  smallint,
  text,
  unique,
  uuid,
} from "drizzle-orm/pg-core";

import { nodes } from "./nodes.ts";

/** Evaluated with the output of the source node. An edge without a condition is always followed. */
export interface EdgeCondition {
  path: string;
  operator: "eq" | "ne" | "gt" | "lt" | "exists";
  value?: unknown;
}

export const edges = pgTable(
  "edges",
  {
    id: bigint("id", { mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
    versionId: uuid("version_id").notNull(),
    fromNodeId: uuid("from_node_id").notNull(),
    toNodeId: uuid("to_node_id").notNull(),
    port: text("port").notNull().default("out"),
    priority: smallint("priority").notNull().default(0),
    condition: jsonb("condition").$type<EdgeCondition>(),
  },
  (table) => [
    // Both nodes belong to the version of the edge.
    foreignKey({
      name: "edges_from_node_fk",
      columns: [table.versionId, table.fromNodeId],
      foreignColumns: [nodes.versionId, nodes.id],
    }).onDelete("cascade"),
    foreignKey({
      name: "edges_to_node_fk",
      columns: [table.versionId, table.toNodeId],
      foreignColumns: [nodes.versionId, nodes.id],
    }).onDelete("cascade"),
    unique("edges_from_port_to_key").on(table.fromNodeId, table.port, table.toNodeId),
    index("edges_version_from_idx").on(table.versionId, table.fromNodeId),
    index("edges_version_to_idx").on(table.versionId, table.toNodeId),
    check("edges_no_loop", sql`${table.fromNodeId} <> ${table.toNodeId}`),
  ],
);
