// People who can sign in. Their credentials are in credentials and oauth_accounts.
import { sql } from "drizzle-orm";
import {
  check,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";

import { createdAt, timestamptz, updatedAt } from "./columns.ts";
import { userStatus } from "./enums.ts";

export interface UserPreferences {
  theme?: "light" | "dark" | "system";
  digest?: "off" | "daily" | "weekly";
}

export const users = pgTable(
  "users",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    email: text("email").notNull(),
    emailDomain: text("email_domain")
      .notNull()
      .generatedAlwaysAs(sql`lower(split_part(email, '@', 2))`),
    emailVerifiedAt: timestamptz("email_verified_at"),
    displayName: text("display_name").notNull(),
    status: userStatus("status").notNull().default("pending"),
    locale: text("locale").notNull().default("en"),
    preferences: jsonb("preferences")
      .$type<UserPreferences>()
      .notNull()
      .default({ theme: "system", digest: "weekly" }),
    failedSignIns: integer("failed_sign_ins").notNull().default(0),
    lockedUntil: timestamptz("locked_until"),
    lastSeenAt: timestamptz("last_seen_at"),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    deletedAt: timestamptz("deleted_at"),
  },
  (table) => [
    // An email address can be used again after its user was deleted.
    uniqueIndex("users_email_key")
      .on(sql`lower(${table.email})`)
      .where(sql`${table.deletedAt} is null`),
    index("users_email_domain_idx").on(table.emailDomain),
    index("users_locked_until_idx").on(table.lockedUntil).where(sql`${table.status} = 'locked'`),
    check("users_email_format", sql`${table.email} like '%_@_%'`),
    check("users_failed_sign_ins_not_negative", sql`${table.failedSignIns} >= 0`),
  ],
);
