import { FleetError, isFleetError } from "../core/errors.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { Target } from "../core/target.ts";
import type { TenantRecord } from "../core/tenant.ts";
import { renameSchema } from "../dump/rename.ts";
import type { Context } from "../fleet/context.ts";
import { tenantError } from "../fleet/target-errors.ts";
import { lockTarget } from "../postgres/lock.ts";
import { withRollback } from "../postgres/rollback.ts";
import type { Session } from "../postgres/session.ts";
import { renameTenantRole } from "../postgres/tenant-roles.ts";
import { begin } from "../rollout/step-run.ts";
import { cancellable } from "../tenancy/copying.ts";
import {
  existingTenantError,
  refuseExistingSchemas,
  registeredTenant,
} from "../tenancy/onboarding.ts";
import { undisturbed } from "../tenancy/saga.ts";
import { withRetries } from "../tenancy/targets.ts";
import {
  type LockedTenant,
  targetPairs,
  targetsFor,
  withBothTenantLocks,
} from "../tenancy/tenant-lock.ts";
import { inactiveTenantError } from "../tenants/records.ts";

/** Which tenant is to have which id. */
export interface RenameRequest {
  readonly tenant: string;
  readonly to: string;
}

type Pair = readonly [from: Target, to: Target];

/**
 * Gives an active tenant another id, and its schemas their names: all of a database at once. With several databases it
 * is `renaming` in between. What fails is taken back; what was killed goes on when it is called again.
 *
 * @throws FleetError `tenant` for one that is not active, or when there is something of the new name; `refused` when a
 *   schema's name stands where it cannot be changed
 */
export function renameTenant(context: Context, { tenant, to }: RenameRequest): Promise<void> {
  return withBothTenantLocks(context, tenant, to, async (locked) => {
    const { beginRename, endRename, findTenant } = await import("../control/registry.ts");
    const { registry } = locked;
    const begun = await findTenant(registry, to);
    if (begun?.id === tenant && begun.renamedFrom === to) return takeBack(locked, begun);
    if (begun !== undefined && begun.renamedFrom !== tenant) throw existingTenantError(begun);
    const { database } = begun ?? (await registeredTenant({ ...locked, id: tenant }));
    if (begun === undefined) {
      await refuseExistingSchemas(locked, await targetsFor(locked, database));
      if (!(await beginRename(registry, tenant, to)))
        throw inactiveTenantError(await registeredTenant({ ...locked, id: tenant }));
    }
    try {
      await renameAll(locked, tenant, to, database);
    } catch (error) {
      const renaming = await registeredTenant(locked);
      await takeBack({ ...locked, context: undisturbed(context) }, renaming).catch(
        (another: unknown) => {
          throw leftBetween(tenant, to, error, another);
        },
      );
      throw error;
    }
    await endRename(registry, to);
  });
}

/** Gives all that has the new name, also by an earlier attempt, the old one again. */
async function takeBack(
  locked: LockedTenant,
  { id, renamedFrom, database }: TenantRecord,
): Promise<void> {
  const { endRename } = await import("../control/registry.ts");
  const former = renamedFrom ?? id;
  await renameAll(locked, id, former, database);
  await endRename(locked.registry, id, former);
}

async function renameAll(
  locked: LockedTenant,
  from: string,
  to: string,
  database: string | null,
): Promise<void> {
  for (const pairs of byDatabase(await targetPairs(locked, from, to, database)))
    await renameTogether(locked, pairs);
}

function byDatabase(pairs: readonly Pair[]): Pair[][] {
  const databases = [...new Set(pairs.map(([{ database }]) => database))];
  return databases.map((name) => pairs.filter(([{ database }]) => database === name));
}

/** Renames the schemas of one database, those that are not renamed yet, and the tenant's role, in one transaction. */
async function renameTogether(locked: LockedTenant, pairs: readonly Pair[]): Promise<void> {
  const [pair] = pairs;
  if (pair === undefined) return;
  const [from, to] = pair;
  const { roles } = locked.context.config.fleet;
  await withRetries(locked, from, async () => {
    const session = await locked.sessionFor(from.database);
    await cancellable(locked.context, session, () =>
      inTransaction(locked, session, pairs, async () => {
        for (const one of pairs) await renameOne(session, one);
        if (roles === "per-tenant")
          await renameTenantRole(session, from.tenant ?? "", to.tenant ?? "");
      }),
    );
  });
}

async function inTransaction(
  { context }: LockedTenant,
  session: Session,
  pairs: readonly Pair[],
  use: () => Promise<void>,
): Promise<void> {
  const { lock, statement } = context.config.fleet.timeouts;
  await withRollback(session, async () => {
    await session.script(
      [
        begin,
        `SET LOCAL lock_timeout = ${lock}`,
        `SET LOCAL statement_timeout = ${statement}`,
        ...pairs.flat().map(({ schema }) => lockTarget(schema)),
      ].join(";\n"),
    );
    await use();
    await session.query("COMMIT");
  });
}

async function renameOne(session: Session, [from, to]: Pair): Promise<void> {
  const [found] = await session.query<{ old: boolean; new: boolean }>(
    `SELECT pg_catalog.to_regnamespace($1) IS NOT NULL AS old, pg_catalog.to_regnamespace($2) IS NOT NULL AS new`,
    [quoteIdentifier(from.schema), quoteIdentifier(to.schema)],
  );
  // Renamed already, or the service has never been migrated.
  if (found?.old !== true) return;
  if (found.new) throw taken(to);
  await renameSchema(session, from.schema, to.schema);
}

function leftBetween(tenant: string, to: string, reason: unknown, error: unknown): FleetError {
  return new FleetError("onboarding", `tenant ${tenant} is left with two names`, {
    problems: [reason, error].map((one) => asProblem(to, one)),
    remedy: `To complete it, run: npx drizzle-fleet tenants rename ${tenant} ${to}. To undo it, run: npx drizzle-fleet tenants rename ${to} ${tenant}`,
    cause: reason,
  });
}

function asProblem(id: string, error: unknown): FleetError {
  const said = tenantError(id, error);
  return isFleetError(said) ? said : new FleetError("onboarding", String(said));
}

function taken(target: Target): FleetError {
  return new FleetError("tenant", `there is a schema ${target.schema} already`, {
    remedy: "Drop it, or choose another name. Nothing was changed.",
  });
}
