// API keys of an organisation: the prefix identifies a key, the hash proves it.
import { sql } from "drizzle-orm";
import { check, foreignKey, index, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";

import { createdAt, timestamptz } from "./columns.ts";
import { memberships } from "./memberships.ts";
import { organisations } from "./organisations.ts";

export const apiKeys = pgTable(
  "api_keys",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    organisationId: uuid("organisation_id")
      .notNull()
      .references(() => organisations.id, { onDelete: "cascade" }),
    createdBy: uuid("created_by").notNull(),
    name: text("name").notNull(),
    prefix: text("prefix").notNull(),
    secretHash: text("secret_hash").notNull(),
    scopes: text("scopes").array().notNull().default([]),
    createdAt: createdAt(),
    lastUsedAt: timestamptz("last_used_at"),
    expiresAt: timestamptz("expires_at"),
    revokedAt: timestamptz("revoked_at"),
  },
  (table) => [
    // A key is deleted with the membership of the person who created it.
    foreignKey({
      name: "api_keys_creator_membership_fk",
      columns: [table.organisationId, table.createdBy],
      foreignColumns: [memberships.organisationId, memberships.userId],
    }).onDelete("cascade"),
    unique("api_keys_prefix_key").on(table.prefix),
    index("api_keys_organisation_id_idx")
      .on(table.organisationId)
      .where(sql`${table.revokedAt} is null`),
    index("api_keys_scopes_idx").using("gin", table.scopes),
    check("api_keys_prefix_length", sql`length(${table.prefix}) between 6 and 16`),
  ],
);
