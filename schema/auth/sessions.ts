// Sessions in browsers and apps. The token itself is never stored, only its hash.
import { sql } from "drizzle-orm";
import { check, index, inet, pgPolicy, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";

import { createdAt, timestamptz } from "./columns.ts";
import { users } from "./users.ts";

export const sessions = pgTable(
  "sessions",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    tokenHash: text("token_hash").notNull(),
    ipAddress: inet("ip_address"),
    userAgent: text("user_agent"),
    createdAt: createdAt(),
    expiresAt: timestamptz("expires_at").notNull(),
    revokedAt: timestamptz("revoked_at"),
  },
  (table) => [
    unique("sessions_token_hash_key").on(table.tokenHash),
    index("sessions_live_by_user_idx")
      .on(table.userId, table.expiresAt.desc())
      .where(sql`${table.revokedAt} is null`),
    check("sessions_expire_after_creation", sql`${table.expiresAt} > ${table.createdAt}`),
    // Applies to every role except the table's owner: a user sees only their own sessions.
    pgPolicy("sessions_own_rows", {
      as: "permissive",
      for: "all",
      to: "public",
      using: sql`${table.userId} = nullif(current_setting('app.user_id', true), '')::uuid`,
      withCheck: sql`${table.userId} = nullif(current_setting('app.user_id', true), '')::uuid`,
    }),
  ],
);
