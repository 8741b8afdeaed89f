import { FleetError, isFleetError } from "../core/errors.ts";
import type { Target } from "../core/target.ts";
import { renameSchema } from "../dump/rename.ts";
import { quoteIdentifier } from "../postgres/identifiers.ts";
import { takeTargetLock } from "../postgres/lock.ts";
import type { Session } from "../postgres/session.ts";
import { renameTenantRole } from "../postgres/tenant-roles.ts";
import { begin } from "../rollout/run.ts";
import type { Context } from "./context.ts";
import { existing, refuseExistingSchemas, registered } from "./onboarding.ts";
import { undisturbed } from "./saga.ts";
import { heldError } from "./tenant-errors.ts";
import { inactive } from "./tenant-sources.ts";
import { holdBoth, pairsOf, persistently, type TenantHold, targetsFor } from "./tenant-work.ts";

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
  return holdBoth(context, tenant, to, async (hold) => {
    const { beginRename, endRename, findTenant } = await import("../control/registry.ts");
    const { registry } = hold;
    const begun = await findTenant(registry, to);
    if (begun !== undefined && begun.renamedFrom !== tenant) throw existing(begun);
    const { database } = begun ?? (await registered({ ...hold, id: tenant }));
    if (begun === undefined) {
      await refuseExistingSchemas(hold, await targetsFor(hold, database));
      if (!(await beginRename(registry, tenant, to)))
        throw inactive(await registered({ ...hold, id: tenant }));
    }
    const pairs = byDatabase(await pairsOf(hold, tenant, to, database));
    try {
      for (const some of pairs) await renameTogether(hold, some);
    } catch (error) {
      await takeBack(hold, tenant, pairs, error);
      throw error;
    }
    await endRename(registry, to);
  });
}

function byDatabase(pairs: readonly Pair[]): Pair[][] {
  const databases = [...new Set(pairs.map(([{ database }]) => database))];
  return databases.map((name) => pairs.filter(([{ database }]) => database === name));
}

/** Renames the schemas of one database, those that are not renamed yet, and the tenant's role, in one transaction. */
async function renameTogether(hold: TenantHold, pairs: readonly Pair[]): Promise<void> {
  const [pair] = pairs;
  if (pair === undefined) return;
  const { roles, timeouts } = hold.context.config.fleet;
  await persistently(hold, pair[0], async () => {
    const session = await hold.sessionFor(pair[0].database);
    try {
      await session.script(
        [
          begin,
          `SET LOCAL lock_timeout = ${timeouts.lock}`,
          `SET LOCAL statement_timeout = ${timeouts.statement}`,
          ...pairs.flat().map(({ schema }) => takeTargetLock(schema)),
        ].join(";\n"),
      );
      for (const one of pairs) await renameOne(session, one);
      const [{ tenant: old = "" }, { tenant: renamed = "" }] = pair;
      if (roles === "per-tenant") await renameTenantRole(session, old, renamed);
      await session.query("COMMIT");
    } catch (error) {
      if (!session.lost) await session.query("ROLLBACK");
      throw error;
    }
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

/** Gives what was renamed, also by an earlier attempt, its old name again. When that fails too, the tenant is left `renaming`. */
async function takeBack(
  hold: TenantHold,
  tenant: string,
  all: readonly (readonly Pair[])[],
  reason: unknown,
): Promise<void> {
  const { endRename } = await import("../control/registry.ts");
  const calm = { ...hold, context: undisturbed(hold.context) };
  try {
    for (const pairs of [...all].reverse())
      await renameTogether(
        calm,
        pairs.map(([from, to]) => [to, from]),
      );
    await endRename(hold.registry, hold.id, tenant);
  } catch (error) {
    throw new FleetError("onboarding", `tenant ${tenant} is left with two names`, {
      problems: [reason, error].map((one) => asProblem(hold.id, one)),
      remedy: `Bring it to its end: drizzle-fleet tenants rename ${tenant} ${hold.id}`,
      cause: reason,
    });
  }
}

function asProblem(id: string, error: unknown): FleetError {
  const said = heldError(id, error);
  return isFleetError(said) ? said : new FleetError("onboarding", String(said));
}

function taken(target: Target): FleetError {
  return new FleetError("tenant", `there is a schema ${target.schema} already`, {
    remedy: "Drop it, or choose another name. Nothing was changed.",
  });
}
