// Roles, their permissions, and the members who have them.
import { sql } from "drizzle-orm";
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
} from "drizzle-orm/pg-core";

import { createdAt, timestamptz, updatedAt } from "./columns.ts";
import { memberships } from "./memberships.ts";
import { organisations } from "./organisations.ts";
import { users } from "./users.ts";

/** Permission keys are written `resource:action`; the two halves are derived from the key. */
export const permissions = pgTable(
  "permissions",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    key: text("key").notNull(),
    resource: text("resource").notNull().generatedAlwaysAs(sql`split_part(key, ':', 1)`),
    action: text("action").notNull().generatedAlwaysAs(sql`split_part(key, ':', 2)`),
    description: text("description").notNull().default(""),
    createdAt: createdAt(),
  },
  (table) => [
    unique("permissions_key_key").on(table.key),
    index("permissions_resource_idx").on(table.resource),
    check("permissions_key_format", sql`${table.key} ~ '^[a-z_]+:[a-z_]+$'`),
  ],
);

/** A role without an organisation is built in and available to all of them. */
export const roles = pgTable(
  "roles",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    organisationId: uuid("organisation_id").references(() => organisations.id, {
      onDelete: "cascade",
    }),
    inheritsFromId: uuid("inherits_from_id").references((): AnyPgColumn => roles.id, {
      onDelete: "set null",
    }),
    key: text("key").notNull(),
    name: text("name").notNull(),
    isSystem: boolean("is_system").notNull().default(false),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    unique("roles_organisation_key_key").on(table.organisationId, table.key).nullsNotDistinct(),
    index("roles_inherits_from_id_idx").on(table.inheritsFromId),
    check("roles_not_own_parent", sql`${table.inheritsFromId} <> ${table.id}`),
    check("roles_system_is_global", sql`not ${table.isSystem} or ${table.organisationId} is null`),
  ],
);

export const rolePermissions = pgTable(
  "role_permissions",
  {
    roleId: uuid("role_id")
      .notNull()
      .references(() => roles.id, { onDelete: "cascade" }),
    permissionId: uuid("permission_id")
      .notNull()
      .references(() => permissions.id, { onDelete: "cascade" }),
  },
  (table) => [
    primaryKey({ name: "role_permissions_pkey", columns: [table.roleId, table.permissionId] }),
    index("role_permissions_permission_id_idx").on(table.permissionId),
  ],
);

/** Only members can have a role: leaving the organisation removes the assignment. */
export const roleAssignments = pgTable(
  "role_assignments",
  {
    id: bigint("id", { mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
    organisationId: uuid("organisation_id").notNull(),
    userId: uuid("user_id").notNull(),
    roleId: uuid("role_id")
      .notNull()
      .references(() => roles.id, { onDelete: "cascade" }),
    grantedBy: uuid("granted_by").references(() => users.id, { onDelete: "set null" }),
    grantedAt: timestamptz("granted_at").notNull().defaultNow(),
    expiresAt: timestamptz("expires_at"),
  },
  (table) => [
    foreignKey({
      name: "role_assignments_membership_fk",
      columns: [table.organisationId, table.userId],
      foreignColumns: [memberships.organisationId, memberships.userId],
    }).onDelete("cascade"),
    unique("role_assignments_member_role_key").on(table.organisationId, table.userId, table.roleId),
    index("role_assignments_role_id_idx").on(table.roleId),
    index("role_assignments_expires_at_idx")
      .on(table.expiresAt)
      .where(sql`${table.expiresAt} is not null`),
  ],
);
