// Tools that agents and tool nodes can call.
import { sql } from "drizzle-orm";
import {
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  unique,
  uuid,
} from "drizzle-orm/pg-core";

import { createdAt, updatedAt } from "./columns.ts";
import { toolKind } from "./enums.ts";

export const tools = pgTable(
  "tools",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    name: text("name").notNull(),
    kind: toolKind("kind").notNull(),
    description: text("description").notNull().default(""),
    endpoint: text("endpoint"),
    inputSchema: jsonb("input_schema")
      .$type<Record<string, unknown>>()
      .notNull()
      .default({ type: "object" }),
    timeoutMs: integer("timeout_ms").notNull().default(30000),
    requiresApproval: boolean("requires_approval").notNull().default(false),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    unique("tools_name_key").on(table.name),
    index("tools_input_schema_idx").using("gin", table.inputSchema.op("jsonb_path_ops")),
    check("tools_name_format", sql`${table.name} ~ '^[a-z][a-z0-9_]*$'`),
    check("tools_timeout_range", sql`${table.timeoutMs} between 1 and 600000`),
    check(
      "tools_remote_has_endpoint",
      sql`${table.kind} = 'function' or ${table.endpoint} is not null`,
    ),
  ],
);
