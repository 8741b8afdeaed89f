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
 * Closes a tenant's schemas to all but their owner: whatever is granted on a schema itself is taken, from roles and from
 * PUBLIC. Without it nothing inside can be named. It is kept in the registry, for `giveBack`.
 */
export function revokeSchemaGrants(
  locked: LockedTenant,
  targets: readonly Target[],
): Promise<void> {
  return takeAll(locked, targets, readSchemaGrants);
}

/**
 * As `shutOutEverybody`, and what is granted inside is taken as well: a table's statistics and a sequence's next value
 * can be had without naming the schema.
 */
export function revokeAllGrants(locked: LockedTenant, targets: readonly Target[]): Promise<void> {
  return takeAll(locked, targets, async (session, schemas) => [
    ...(await readSchemaGrants(session, schemas)),
    ...(await readRelationGrants(session, schemas)),
  ]);
}

function takeAll(
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

/** Gives back what `sealOff` took inside of the schemas, which stay closed. */
export function restoreObjectGrants(
  locked: LockedTenant,
  targets: readonly Target[],
): Promise<void> {
  return bringAllBack(locked, targets, ({ relation }) => relation !== null, false);
}

/**
 * Gives back what `shutOutEverybody` took. The application's role does not get it back where the configuration now gives
 * tenants roles of their own. A role that does not exist any more is named.
 */
export function restoreSchemaGrants(
  locked: LockedTenant,
  targets: readonly Target[],
): Promise<void> {
  return bringAllBack(locked, targets, ({ relation }) => relation === null, true);
}

async function bringAllBack(
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
    const isOut = (grantee: string | null) =>
      context.config.fleet.roles === "per-tenant" && grantee !== null && grantee === application;
    const grants = kept.filter(
      (grant) => wanted(grant) && schemas.includes(grant.schema) && !isOut(grant.grantee),
    );
    const possible = await stillPossible(session, grants);
    const missing = grants.flatMap(({ grantee }) =>
      grantee === null || possible.roles.has(grantee) ? [] : [grantee],
    );
    for (const role of new Set(last ? missing : []))
      context.notify(`The role ${role} could enter ${id} before, and does not exist any more.`);
    const back = grants.filter(
      ({ schema, relation, grantee }) =>
        (grantee === null || possible.roles.has(grantee)) &&
        (relation === null || possible.relations.has(JSON.stringify([schema, relation]))),
    );
    if (back.length > 0) await session.script(back.map(restoreGrant).join(";\n"));
    if (last) await deleteGrants(registry, id, database);
  });
}

/** The roles and relations of grants that still exist. */
async function stillPossible(
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
 * Asks the server who can still enter a tenant's schemas, and says it.
 *
 * @throws FleetError `tenant` when the application's role can
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
    for (const insider of await findRolesWithAccess(session, schemas, named))
      if (insider.role === application) problems.push(stillOpenError(id, insider));
      else
        context.notify(
          `The role ${insider.role} can still enter ${insider.schema}: it ${insider.reason}.`,
        );
  });
  const [first] = problems;
  if (first !== undefined) throw first;
}

function stillOpenError(tenant: string, { role, schema, reason }: RoleWithAccess): FleetError {
  return new FleetError(
    "tenant",
    `tenant ${tenant} is archived, and the application's role ${role} can still enter ${schema}: it ${reason}`,
    { remedy: `Revoke that from the role. Then run: npx drizzle-fleet tenants archive ${tenant}` },
  );
}

/** Calls `use` for each database that has some of the targets' schemas. */
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
