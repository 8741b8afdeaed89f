import { bigint, integer, jsonb, pgSchema, primaryKey, text, timestamp } from "drizzle-orm/pg-core";
import { controlSchema } from "../config/fields.ts";
import type { BaselineResult } from "../core/baseline.ts";
import type { Failure, OutcomeStatus } from "../core/outcome.ts";
import type { Direction, RolloutGoal } from "../core/rollout.ts";
import type { TenantRecord, TenantStatus } from "../core/tenant.ts";
import type { Grant } from "../postgres/privileges.ts";

/** The control schema's tables for Drizzle. Their DDL is in the files that use them. */
const control = pgSchema(controlSchema);

export const rollouts = control.table(
  "rollouts",
  {
    id: text("id").notNull(),
    database: text("database").notNull(),
    verb: text("verb").notNull(),
    selection: jsonb("selection").$type<Readonly<Record<string, unknown>>>().notNull(),
    startedAt: timestamp("started_at", { withTimezone: true }).notNull(),
    startedBy: text("started_by").notNull(),
    waves: text("waves").array().$type<readonly string[]>().notNull(),
    targets: integer("targets").notNull(),
    endedAt: timestamp("ended_at", { withTimezone: true }),
    stopped: text("stopped"),
  },
  (table) => [primaryKey({ columns: [table.id, table.database] })],
);

export const outcomes = control.table(
  "outcomes",
  {
    rollout: text("rollout").notNull(),
    database: text("database").notNull(),
    service: text("service").notNull(),
    tenant: text("tenant"),
    schema: text("schema").notNull(),
    wave: text("wave").notNull(),
    status: text("status").$type<OutcomeStatus>().notNull(),
    applied: text("applied").array().$type<readonly string[]>().notNull(),
    durationMs: integer("duration_ms").notNull(),
    failure: jsonb("failure").$type<Failure>(),
  },
  (table) => [
    primaryKey({ columns: [table.rollout, table.database, table.service, table.schema] }),
  ],
);

export const goals = control.table(
  "goals",
  {
    rollout: text("rollout").notNull(),
    database: text("database").notNull(),
    /** The order in which rollouts began, independent of clocks. */
    number: bigint("number", { mode: "number" }).notNull().generatedAlwaysAsIdentity(),
    direction: text("direction").$type<Direction>().notNull(),
    ends: jsonb("ends").$type<RolloutGoal["ends"]>().notNull(),
    databases: text("databases").array().$type<readonly string[]>().notNull(),
    schemas: text("schemas").array().$type<readonly string[]>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.rollout, table.database] })],
);

export const tenants = control.table("tenants", {
  id: text("id").primaryKey(),
  status: text("status").$type<TenantStatus>().notNull(),
  database: text("database"),
  attributes: jsonb("attributes").$type<TenantRecord["attributes"]>().notNull(),
  renamedFrom: text("renamed_from"),
  createdAt: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
  updatedAt: timestamp("updated_at", { withTimezone: true }).notNull().defaultNow(),
});

export const closedSchemas = control.table(
  "closed_schemas",
  {
    tenant: text("tenant").notNull(),
    database: text("database").notNull(),
    grants: jsonb("grants").$type<readonly Grant[]>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.database] })],
);

export const baselines = control.table(
  "baselines",
  {
    service: text("service").notNull(),
    history: text("history").notNull(),
    content: jsonb("content").$type<BaselineResult>().notNull(),
    madeAt: timestamp("made_at", { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.service, table.history] })],
);
