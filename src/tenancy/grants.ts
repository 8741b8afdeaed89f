import { FleetError } from "../core/errors.ts";
import type { Target } from "../core/target.ts";
import {
  findRolesWithAccess,
  type Grant,
  type RoleWithAccess,
  readRelationGrants,
  readSchemaGrants,
  restoreGrant,
  revokeGrants,
} from "../postgres/privileges.ts";
import type { Session } from "../postgres/session.ts";
import type { LockedTenant } from "./tenant-lock.ts";

/**
 * Revokes all privileges on a tenant's schemas from every role except the owner, and from PUBLIC. Without USAGE on the
 * schema, a role cannot name any object in it. The registry keeps the grants for `restoreSchemaGrants`.
 */
export function revokeSchemaGrants(
  locked: LockedTenant,
  targets: readonly Target[],
): Promise<void> {
  return revoke(locked, targets, readSchemaGrants);
}

/**
 * Like `revokeSchemaGrants`, but also revokes privileges on the objects in the schemas: a table's statistics and a
 * sequence's next value can be read without naming the schema.
 */
export function revokeAllGrants(locked: LockedTenant, targets: readonly Target[]): Promise<void> {
  return revoke(locked, targets, async (session, schemas) => [
    ...(await readSchemaGrants(session, schemas)),
    ...(await readRelationGrants(session, schemas)),
  ]);
}

function revoke(
  locked: LockedTenant,
  targets: readonly Target[],
  read: (session: Session, schemas: readonly string[]) => Promise<Grant[]>,
): Promise<void> {
  return inDatabases(locked, targets, async (session, database, schemas) => {
    const grants = await read(session, schemas);
    if (grants.length === 0) return;
    const { saveGrants } = await import("../control/revoked-grants.ts");
    await saveGrants(locked.registry, locked.id, database, grants);
    const closed = [...new Set(grants.map(({ schema }) => schema))];
    const own = (schema: string) => grants.filter((grant) => grant.schema === schema);
    const statements = closed.flatMap((schema) => revokeGrants(schema, own(schema)));
    await session.script(statements.join(";\n"));
  });
}

/** Restores the grants on objects that `revokeAllGrants` revoked. The schemas themselves stay closed. */
export function restoreObjectGrants(
  locked: LockedTenant,
  targets: readonly Target[],
): Promise<void> {
  return restore(locked, targets, ({ relation }) => relation !== null, false);
}

/**
 * Restores the grants that `revokeSchemaGrants` revoked, except those of the application role if every tenant now has its
 * own role. Reports roles that no longer exist.
 */
export function restoreSchemaGrants(
  locked: LockedTenant,
  targets: readonly Target[],
): Promise<void> {
  return restore(locked, targets, ({ relation }) => relation === null, true);
}

async function restore(
  locked: LockedTenant,
  targets: readonly Target[],
  wanted: (grant: Grant) => boolean,
  last: boolean,
): Promise<void> {
  const { deleteGrants, readGrants } = await import("../control/revoked-grants.ts");
  const { registry, id, open, context } = locked;
  await inDatabases(locked, targets, async (session, database, schemas) => {
    const kept = await readGrants(registry, id, database);
    if (kept.length === 0) return;
    const application = open.applicationRoleOf(database);
    const isReplaced = (grantee: string | null) =>
      context.config.fleet.roles === "per-tenant" && grantee !== null && grantee === application;
    const grants = kept.filter(
      (grant) => wanted(grant) && schemas.includes(grant.schema) && !isReplaced(grant.grantee),
    );
    const existing = await existingGrantees(session, grants);
    const missing = grants.flatMap(({ grantee }) =>
      grantee === null || existing.roles.has(grantee) ? [] : [grantee],
    );
    for (const role of new Set(last ? missing : []))
      context.notify(`The role ${role} had access to ${id} before, but no longer exists.`);
    const restorable = grants.filter(
      ({ schema, relation, grantee }) =>
        (grantee === null || existing.roles.has(grantee)) &&
        (relation === null || existing.relations.has(JSON.stringify([schema, relation]))),
    );
    if (restorable.length > 0) await session.script(restorable.map(restoreGrant).join(";\n"));
    if (last) await deleteGrants(registry, id, database);
  });
}

/** Those roles and relations of grants that still exist. */
async function existingGrantees(
  session: Session,
  grants: readonly Grant[],
): Promise<{ readonly roles: ReadonlySet<string>; readonly relations: ReadonlySet<string> }> {
  const roles = await session.query<{ name: string }>(
    "SELECT rolname AS name FROM pg_catalog.pg_roles WHERE rolname = ANY($1)",
    [grants.flatMap(({ grantee }) => grantee ?? [])],
  );
  const relations = await session.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_class c
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY($1)`,
    [[...new Set(grants.flatMap((one) => (one.relation === null ? [] : [one.schema])))]],
  );
  return {
    roles: new Set(roles.map(({ name }) => name)),
    relations: new Set(relations.map(({ schema, name }) => JSON.stringify([schema, name]))),
  };
}

/**
 * Reports the roles that still have access to a tenant's schemas.
 *
 * @throws FleetError `tenant` if the application role is one of them
 */
export async function reportRemainingAccess(
  locked: LockedTenant,
  targets: readonly Target[],
): Promise<void> {
  const { open, id, context } = locked;
  const problems: FleetError[] = [];
  await inDatabases(locked, targets, async (session, database, schemas) => {
    const application = open.applicationRoleOf(database);
    const named = application === undefined ? [] : [application];
    for (const found of await findRolesWithAccess(session, schemas, named))
      if (found.role === application) problems.push(remainingAccessError(id, found));
      else
        context.notify(
          `The role ${found.role} still has access to ${found.schema}: it ${found.reason}.`,
        );
  });
  const [first] = problems;
  if (first !== undefined) throw first;
}

function remainingAccessError(
  tenant: string,
  { role, schema, reason }: RoleWithAccess,
): FleetError {
  return new FleetError(
    "onboarding",
    `tenant ${tenant} is archived, but the application role ${role} still has access to ${schema}: it ${reason}`,
    { remedy: `Remove that access, then run: npx drizzle-fleet tenants archive ${tenant}` },
  );
}

/** Calls `use` for each database of the targets, with the schemas in it. */
async function inDatabases(
  { sessionFor }: Pick<LockedTenant, "sessionFor">,
  targets: readonly Target[],
  use: (session: Session, database: string, schemas: readonly string[]) => Promise<void>,
): Promise<void> {
  for (const database of new Set(targets.map((target) => target.database))) {
    const schemas = targets.flatMap((one) => (one.database === database ? one.schema : []));
    await use(await sessionFor(database), database, schemas);
  }
}
