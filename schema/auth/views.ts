// What the admin screens list: members who can sign in, with the number of roles they hold.
import { and, count, eq, isNull, sql } from "drizzle-orm";
import { pgView } from "drizzle-orm/pg-core";

import { memberships } from "./memberships.ts";
import { organisations } from "./organisations.ts";
import { roleAssignments } from "./roles.ts";
import { users } from "./users.ts";

export const activeMembers = pgView("active_members").as((qb) =>
  qb
    .select({
      organisationId: memberships.organisationId,
      userId: memberships.userId,
      organisationName: sql<string>`${organisations.name}`.as("organisation_name"),
      email: users.email,
      displayName: users.displayName,
      isOwner: memberships.isOwner,
      lastSeenAt: users.lastSeenAt,
      roleCount: count(roleAssignments.id).as("role_count"),
    })
    .from(memberships)
    .innerJoin(organisations, eq(organisations.id, memberships.organisationId))
    .innerJoin(users, eq(users.id, memberships.userId))
    .leftJoin(
      roleAssignments,
      and(
        eq(roleAssignments.organisationId, memberships.organisationId),
        eq(roleAssignments.userId, memberships.userId),
      ),
    )
    .where(
      and(eq(users.status, "active"), isNull(users.deletedAt), isNull(organisations.deletedAt)),
    )
    .groupBy(memberships.organisationId, memberships.userId, organisations.id, users.id),
);
