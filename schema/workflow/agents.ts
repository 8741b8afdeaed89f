// Agents: a model, its instructions, and the tools it may call.
import { sql } from "drizzle-orm";
import {
  check,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";

import { createdAt, timestamptz, updatedAt } from "./columns.ts";
import { prompts } from "./prompts.ts";
import { tools } from "./tools.ts";

export const agents = pgTable(
  "agents",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    name: text("name").notNull(),
    description: text("description").notNull().default(""),
    model: text("model").notNull(),
    promptId: uuid("prompt_id").references(() => prompts.id, { onDelete: "restrict" }),
    temperature: numeric("temperature", { precision: 3, scale: 2 }).notNull().default("0.70"),
    maxSteps: integer("max_steps").notNull().default(25),
    fallbackModels: text("fallback_models").array().notNull().default([]),
    parameters: jsonb("parameters").$type<Record<string, unknown>>().notNull().default({}),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    archivedAt: timestamptz("archived_at"),
  },
  (table) => [
    uniqueIndex("agents_name_key")
      .on(sql`lower(${table.name})`)
      .where(sql`${table.archivedAt} is null`),
    index("agents_prompt_id_idx").on(table.promptId),
    check("agents_temperature_range", sql`${table.temperature} between 0 and 2`),
    check("agents_max_steps_range", sql`${table.maxSteps} between 1 and 500`),
  ],
);

export const agentTools = pgTable(
  "agent_tools",
  {
    agentId: uuid("agent_id")
      .notNull()
      .references(() => agents.id, { onDelete: "cascade" }),
    toolId: uuid("tool_id")
      .notNull()
      .references(() => tools.id, { onDelete: "cascade" }),
    /** Arguments that are fixed for this agent and not shown to the model. */
    presetArguments: jsonb("preset_arguments")
      .$type<Record<string, unknown>>()
      .notNull()
      .default({}),
  },
  (table) => [
    primaryKey({ name: "agent_tools_pkey", columns: [table.agentId, table.toolId] }),
    index("agent_tools_tool_id_idx").on(table.toolId),
  ],
);
