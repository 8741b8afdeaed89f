// Which users belong to which organisations.
import { boolean, index, pgTable, primaryKey, text, uuid } from "drizzle-orm/pg-core";

import { createdAt } from "./columns.ts";
import { organisations } from "./organisations.ts";
import { users } from "./users.ts";

export const memberships = pgTable(
  "memberships",
  {
    organisationId: uuid("organisation_id")
      .notNull()
      .references(() => organisations.id, { onDelete: "cascade" }),
    userId: uuid("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    isOwner: boolean("is_owner").notNull().default(false),
    title: text("title"),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ name: "memberships_pkey", columns: [table.organisationId, table.userId] }),
    index("memberships_user_id_idx").on(table.userId),
  ],
);
