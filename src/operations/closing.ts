import { FleetError } from "../core/errors.ts";
import type { Target } from "../core/target.ts";
import {
  grantsOn,
  type Insider,
  insidersOf,
  letBackIn,
  type SchemaGrant,
  shutOut,
} from "../postgres/privileges.ts";
import type { Session } from "../postgres/session.ts";
import type { TenantHold } from "./tenant-work.ts";

/**
 * Closes a tenant's schemas to all but their owner: whatever is granted on a schema itself is taken, from roles and from
 * PUBLIC. It is kept in the registry, for `giveBack`.
 */
export async function shutOutEverybody(
  hold: TenantHold,
  targets: readonly Target[],
): Promise<void> {
  await inDatabases(hold, targets, async (session, database, schemas) => {
    const grants = await grantsOn(session, schemas);
    if (grants.length === 0) return;
    const { keepGrants } = await import("../control/closed.ts");
    await keepGrants(hold.registry, hold.id, database, grants);
    const closed = [...new Set(grants.map(({ schema }) => schema))];
    const own = (schema: string) => grants.filter((grant) => grant.schema === schema);
    for (const schema of closed) await session.script(shutOut(schema, own(schema)));
  });
}

/**
 * Gives back what `shutOutEverybody` took. The application's role does not get it back where the configuration now gives
 * tenants roles of their own. A role that does not exist any more is named.
 */
export async function giveBack(hold: TenantHold, targets: readonly Target[]): Promise<void> {
  const { forgetGrants, readGrants } = await import("../control/closed.ts");
  const { registry, id, open, context } = hold;
  await inDatabases(hold, targets, async (session, database, schemas) => {
    const kept = await readGrants(registry, id, database);
    if (kept.length === 0) return;
    const application = open.applicationRoleOf(database);
    const isOut = (grantee: string | null) =>
      context.config.fleet.roles === "per-tenant" && grantee !== null && grantee === application;
    const grants = kept.filter(
      ({ schema, grantee }) => schemas.includes(schema) && !isOut(grantee),
    );
    const missing = await missingRoles(session, grants);
    for (const role of missing)
      context.notify(`The role ${role} could enter ${id} before, and does not exist any more.`);
    const back = grants.filter(({ grantee }) => grantee === null || !missing.includes(grantee));
    if (back.length > 0) await session.script(back.map(letBackIn).join(";\n"));
    await forgetGrants(registry, id, database);
  });
}

async function missingRoles(
  session: Session,
  grants: readonly SchemaGrant[],
): Promise<readonly string[]> {
  const names = [...new Set(grants.flatMap(({ grantee }) => grantee ?? []))];
  if (names.length === 0) return [];
  const rows = await session.query<{ name: string }>(
    `SELECT name FROM unnest($1::text[]) AS name
     WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = name)`,
    [names],
  );
  return rows.map(({ name }) => name);
}

/**
 * Asks the server who can still enter a tenant's schemas, and says it.
 *
 * @throws FleetError `tenant` when the application's role can
 */
export async function sayWhoIsInside(hold: TenantHold, targets: readonly Target[]): Promise<void> {
  const { open, id, context } = hold;
  const problems: FleetError[] = [];
  await inDatabases(hold, targets, async (session, database, schemas) => {
    const application = open.applicationRoleOf(database);
    const named = application === undefined ? [] : [application];
    for (const insider of await insidersOf(session, schemas, named))
      if (insider.role === application) problems.push(stillOpen(id, insider));
      else
        context.notify(
          `The role ${insider.role} can still enter ${insider.schema}: it ${insider.reason}.`,
        );
  });
  const [first] = problems;
  if (first !== undefined) throw first;
}

function stillOpen(tenant: string, { role, schema, reason }: Insider): FleetError {
  return new FleetError(
    "tenant",
    `tenant ${tenant} is archived, and the application's role ${role} can still enter ${schema}: it ${reason}`,
    { remedy: `Take that from the role. Then run: drizzle-fleet tenants archive ${tenant}` },
  );
}

/** Calls `use` for each database that has some of the targets' schemas. */
async function inDatabases(
  { sessionFor }: Pick<TenantHold, "sessionFor">,
  targets: readonly Target[],
  use: (session: Session, database: string, schemas: readonly string[]) => Promise<void>,
): Promise<void> {
  for (const database of new Set(targets.map((target) => target.database))) {
    const schemas = targets.flatMap((one) => (one.database === database ? one.schema : []));
    await use(await sessionFor(database), database, schemas);
  }
}
