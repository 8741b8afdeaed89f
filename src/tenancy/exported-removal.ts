import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { FleetError, isFleetError, messageOf } from "../core/errors.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { TenantRecord } from "../core/tenant.ts";
import { refuseExistingFile } from "../dump/file/write.ts";
import { sourceDatabase } from "../fleet/roster.ts";
import { tenantError } from "../fleet/target-errors.ts";
import { lockKey, tryLock } from "../postgres/lock.ts";
import { refuseIncomplete } from "../tenants/records.ts";
import { type LockedSchema, tableLocks } from "./copying.ts";
import { exportLocked } from "./export.ts";
import { registeredTargets } from "./onboarding.ts";
import { rehearse } from "./rehearsal.ts";
import { refuseDependents } from "./removal.ts";
import { undisturbed } from "./saga.ts";
import { existingTargets, withRetries } from "./targets.ts";
import type { LockedTenant } from "./tenant-lock.ts";

/**
 * Drops a tenant's schemas in the transactions that have exported them, when the file has been imported in rehearsal.
 * No row can be written in between that the file would not have: the tables are locked before anything is read. Until all is
 * dropped nothing of the tenant is changed, its state included; so whatever fails, or is killed, leaves it as it was.
 *
 * @throws FleetError what `exportTenant`, `refuseNeeded` and `rehearse` throw, with the tenant as it was and no file left;
 *   `onboarding` when it was cut off between two databases, and how to go on
 */
export async function dropExported(
  locked: LockedTenant,
  record: TenantRecord,
  file: string,
): Promise<void> {
  refuseIncomplete(record);
  await refuseExistingFile(file);
  const targets = await registeredTargets(locked);
  await exportLocked(locked, file, {
    first: () => refuseDependents(locked, targets),
    check: (exported, partial) => rehearse(locked, exported, partial),
    last: async (sources) => {
      try {
        for (const source of sources)
          await alone(locked, source, await tableLocks(locked, source, "ACCESS EXCLUSIVE"));
        // Whatever began to depend on the tenant meanwhile would go with it.
        await refuseDependents(locked, targets);
        for (const source of sources)
          await alone(locked, source, [
            "SET LOCAL client_min_messages = warning",
            `DROP SCHEMA ${quoteIdentifier(source.target.schema)} CASCADE`,
          ]);
      } catch (error) {
        await rm(file, { force: true });
        throw error;
      }
      await commit(locked, record, sources, file);
    },
  });
}

/** Runs what readers are in the way of, in the open transaction: they are waited for as often as for any lock. */
async function alone(
  locked: LockedTenant,
  { session, target }: LockedSchema,
  statements: readonly string[],
): Promise<void> {
  await withRetries(locked, target, async () => {
    await session.script("SAVEPOINT alone");
    try {
      await session.script(statements.join(";\n"));
    } catch (error) {
      if (!session.lost) await session.script("ROLLBACK TO alone");
      throw error;
    }
  });
}

async function commit(
  locked: LockedTenant,
  record: TenantRecord,
  sources: readonly LockedSchema[],
  file: string,
): Promise<void> {
  const { changeStatus } = await import("../control/registry.ts");
  let committed = 0;
  try {
    if (!(await changeStatus(locked.registry, record.id, [record.status], "removing")))
      throw new FleetError("tenant", `tenant ${record.id} is not ${record.status} any more`, {
        remedy: "See the status of the tenant: npx drizzle-fleet tenants list",
      });
    for (const { session } of sources) {
      await session.query("COMMIT");
      committed += 1;
    }
  } catch (error) {
    // It is to be known, and undone, also by a command that was interrupted.
    const calm = { ...locked, context: undisturbed(locked.context) };
    const reason = tenantError(record.id, error);
    if (committed > 0 || (await isDropped(calm, sources))) throw halfRemoved(record, file, reason);
    await takeBack(calm, record, sources, reason);
    await rm(file, { force: true });
    throw error;
  }
}

/** Whether the first schema is gone, though no answer says so: that is certain when its session is over, and its lock free. */
async function isDropped(
  locked: LockedTenant,
  [source]: readonly LockedSchema[],
): Promise<boolean> {
  if (source === undefined) return false;
  const { target, session: former } = source;
  await former.close();
  return withRetries(locked, target, async () => {
    const session = await locked.sessionFor(target.database);
    for (let round = 0; !(await tryLock(session, lockKey(target.schema))); round += 1) {
      if (round === 100) throw undecided(target.schema);
      await sleep(100);
    }
    return (await existingTargets(locked, [target])).length === 0;
  });
}

/** Gives the tenant the state that it had. */
async function takeBack(
  locked: LockedTenant,
  { id, status }: TenantRecord,
  sources: readonly LockedSchema[],
  reason: unknown,
): Promise<void> {
  const [source] = sources;
  if (source === undefined) return;
  const { changeStatus } = await import("../control/registry.ts");
  const home = { ...source.target, database: sourceDatabase(locked.context.config.fleet) };
  try {
    await withRetries(locked, home, async () => {
      const registry = await locked.sessionFor(home.database);
      // Also when the change itself was lost, or its undoing in an earlier attempt was not.
      if (!(await changeStatus(registry, id, ["removing", status], status)))
        throw new Error("the registry does not have it");
    });
  } catch (error) {
    const remedy = `Nothing was dropped. When the registry can be reached: UPDATE drizzle_fleet.tenants SET status = '${status}' WHERE id = '${id}' AND status = 'removing'`;
    throw new FleetError("onboarding", `tenant ${id} could not be removed`, {
      problems: [
        asProblem(reason),
        new FleetError("onboarding", `undoing it failed, too: ${messageOf(error)}`, { remedy }),
      ],
      cause: reason,
    });
  }
}

function asProblem(error: unknown): FleetError {
  return isFleetError(error) ? error : new FleetError("onboarding", messageOf(error));
}

function halfRemoved({ id }: TenantRecord, file: string, reason: unknown): FleetError {
  return new FleetError(
    "onboarding",
    `the removal of tenant ${id} was cut off: ${messageOf(reason)}`,
    {
      where: file,
      remedy: `The file is complete, and its import was rehearsed. To complete the removal, run: npx drizzle-fleet tenants remove ${id}`,
      cause: reason,
    },
  );
}

function undecided(schema: string): FleetError {
  return new FleetError("onboarding", `whether ${schema} was dropped is not known yet`, {
    remedy:
      "When the server has ended the lost session, see the status of the tenant: npx drizzle-fleet tenants list",
  });
}
