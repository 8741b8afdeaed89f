// Invitations by email to join an organisation with a role.
import { sql } from "drizzle-orm";
import { check, index, pgTable, text, unique, uniqueIndex, uuid } from "drizzle-orm/pg-core";

import { createdAt, timestamptz } from "./columns.ts";
import { invitationStatus } from "./enums.ts";
import { organisations } from "./organisations.ts";
import { roles } from "./roles.ts";
import { users } from "./users.ts";

export const invitations = pgTable(
  "invitations",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    organisationId: uuid("organisation_id")
      .notNull()
      .references(() => organisations.id, { onDelete: "cascade" }),
    roleId: uuid("role_id")
      .notNull()
      .references(() => roles.id, { onDelete: "cascade" }),
    email: text("email").notNull(),
    tokenHash: text("token_hash").notNull(),
    status: invitationStatus("status").notNull().default("pending"),
    invitedBy: uuid("invited_by").references(() => users.id, { onDelete: "set null" }),
    acceptedBy: uuid("accepted_by").references(() => users.id, { onDelete: "set null" }),
    createdAt: createdAt(),
    expiresAt: timestamptz("expires_at").notNull().default(sql`now() + interval '14 days'`),
    decidedAt: timestamptz("decided_at"),
  },
  (table) => [
    unique("invitations_token_hash_key").on(table.tokenHash),
    // One open invitation for each email address and organisation.
    uniqueIndex("invitations_open_key")
      .on(table.organisationId, sql`lower(${table.email})`)
      .where(sql`${table.status} = 'pending'`),
    index("invitations_role_id_idx").on(table.roleId),
    check(
      "invitations_decided_when_closed",
      sql`(${table.status} = 'pending') = (${table.decidedAt} is null)`,
    ),
  ],
);
