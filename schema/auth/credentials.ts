// Secrets a user signs in with. Only hashes and public keys are stored.
import { sql } from "drizzle-orm";
import { check, index, jsonb, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";

import { createdAt, timestamptz, updatedAt } from "./columns.ts";
import { credentialType } from "./enums.ts";
import { users } from "./users.ts";

export const credentials = pgTable(
  "credentials",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    type: credentialType("type").notNull().default("password"),
    label: text("label").notNull().default(""),
    secretHash: text("secret_hash"),
    /** Parameters of the hash, or the public key and counter of a security key. */
    parameters: jsonb("parameters").$type<Record<string, unknown>>().notNull().default({}),
    lastUsedAt: timestamptz("last_used_at"),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    unique("credentials_user_type_label_key").on(table.userId, table.type, table.label),
    index("credentials_user_id_idx").on(table.userId),
    check(
      "credentials_has_secret",
      sql`${table.secretHash} is not null or ${table.parameters} <> '{}'::jsonb`,
    ),
  ],
);
