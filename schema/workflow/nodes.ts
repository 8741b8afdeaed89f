// The steps of a workflow version.
import { sql } from "drizzle-orm";
import {
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  unique,
  uuid,
} from "drizzle-orm/pg-core";

import { agents } from "./agents.ts";
import { createdAt } from "./columns.ts";
import { nodeKind } from "./enums.ts";
import { tools } from "./tools.ts";
import { workflowVersions } from "./workflow-versions.ts";

export const nodes = pgTable(
  "nodes",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    versionId: uuid("version_id")
      .notNull()
      .references(() => workflowVersions.id, { onDelete: "cascade" }),
    /** The group in which the editor shows the node; it is a node of the same version. */
    groupId: uuid("group_id"),
    key: text("key").notNull(),
    kind: nodeKind("kind").notNull(),
    label: text("label").notNull().default(""),
    agentId: uuid("agent_id").references(() => agents.id, { onDelete: "restrict" }),
    toolId: uuid("tool_id").references(() => tools.id, { onDelete: "restrict" }),
    config: jsonb("config").$type<Record<string, unknown>>().notNull().default({}),
    maxAttempts: integer("max_attempts").notNull().default(3),
    positionX: integer("position_x").notNull().default(0),
    positionY: integer("position_y").notNull().default(0),
    createdAt: createdAt(),
  },
  (table) => [
    unique("nodes_version_key_key").on(table.versionId, table.key),
    unique("nodes_version_id_key").on(table.versionId, table.id),
    foreignKey({
      name: "nodes_group_fk",
      columns: [table.versionId, table.groupId],
      foreignColumns: [table.versionId, table.id],
    }).onDelete("cascade"),
    index("nodes_group_id_idx").on(table.groupId),
    index("nodes_agent_id_idx").on(table.agentId),
    index("nodes_tool_id_idx").on(table.toolId),
    check("nodes_agent_only_on_agents", sql`${table.agentId} is null or ${table.kind} = 'agent'`),
    check("nodes_tool_only_on_tools", sql`${table.toolId} is null or ${table.kind} = 'tool'`),
    check("nodes_max_attempts_range", sql`${table.maxAttempts} between 1 and 20`),
  ],
);
