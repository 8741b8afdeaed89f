// Organisations: the business units of a tenant. They form a tree.
import { sql } from "drizzle-orm";
import {
  type AnyPgColumn,
  bigint,
  check,
  index,
  jsonb,
  pgSequence,
  pgTable,
  text,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";

import { createdAt, timestamptz, updatedAt } from "./columns.ts";
import { organisationPlan } from "./enums.ts";

export interface OrganisationSettings {
  /** Require a second factor from every member. */
  requireMfa?: boolean;
  /** Email domains whose users may join without an invitation. */
  autoJoinDomains?: string[];
  sessionLifetimeMinutes?: number;
}

/** Account numbers are quoted on invoices: short, readable, never reused. */
export const accountNumberSeq = pgSequence("account_number_seq", {
  startWith: 10001,
  increment: 1,
});

export const organisations = pgTable(
  "organisations",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    accountNumber: bigint("account_number", { mode: "number" })
      .notNull()
      .default(sql`nextval('account_number_seq')`),
    parentId: uuid("parent_id").references((): AnyPgColumn => organisations.id, {
      onDelete: "restrict",
    }),
    slug: text("slug").notNull(),
    name: text("name").notNull(),
    plan: organisationPlan("plan").notNull().default("free"),
    settings: jsonb("settings").$type<OrganisationSettings>().notNull().default({}),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    deletedAt: timestamptz("deleted_at"),
  },
  (table) => [
    uniqueIndex("organisations_slug_key").on(table.slug).where(sql`${table.deletedAt} is null`),
    uniqueIndex("organisations_account_number_key").on(table.accountNumber),
    index("organisations_parent_id_idx").on(table.parentId),
    check("organisations_slug_format", sql`${table.slug} ~ '^[a-z0-9]+(-[a-z0-9]+)*$'`),
    check("organisations_not_own_parent", sql`${table.parentId} <> ${table.id}`),
  ],
);
