// The initial data of a new tenant. Roles and permissions are created by the migrations.

import { defineSeed } from "drizzle-fleet/config";
import { and, eq } from "drizzle-orm";

import { credentials } from "./credentials.ts";
import { invitations } from "./invitations.ts";
import { memberships } from "./memberships.ts";
import { organisations } from "./organisations.ts";
import { roles } from "./roles.ts";
import { users } from "./users.ts";

/** The tenant's own organisation. */
const slug = "home";

export default defineSeed({
  async seed(database, { id, attributes }) {
    const name = typeof attributes.name === "string" ? attributes.name : id;
    const plan = attributes.plan === "enterprise" ? "enterprise" : "free";
    await database.insert(organisations).values({ slug, name, plan }).onConflictDoNothing();
  },

  async createAdminUser(database, { email, passwordHash, invitationTokenHash }) {
    const [organisation] = await database
      .select({ id: organisations.id })
      .from(organisations)
      .where(eq(organisations.slug, slug));
    const [role] = await database
      .select({ id: roles.id })
      .from(roles)
      .where(and(eq(roles.key, "owner"), eq(roles.isSystem, true)));
    if (organisation === undefined || role === undefined)
      throw new Error("the home organisation or the owner's role is missing");
    const place = { organisationId: organisation.id };
    if (invitationTokenHash !== undefined) {
      const again = eq(invitations.email, email);
      await database.delete(invitations).where(again);
      const invitation = { ...place, roleId: role.id, email, tokenHash: invitationTokenHash };
      await database.insert(invitations).values(invitation);
    }
    if (passwordHash !== undefined) {
      const [user] = await database
        .insert(users)
        .values({ email, displayName: email, status: "active" })
        .returning({ id: users.id });
      if (user === undefined) throw new Error("the user was not created");
      await database.insert(credentials).values({ userId: user.id, secretHash: passwordHash });
      await database.insert(memberships).values({ ...place, userId: user.id, isOwner: true });
    }
  },

  async removeAdminUser(database, { email }) {
    await database.delete(invitations).where(eq(invitations.email, email));
    await database.delete(users).where(eq(users.email, email));
  },
});
