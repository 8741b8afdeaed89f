import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { FleetError, messageOf } from "../core/errors.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { TenantRecord } from "../core/tenant.ts";
import { refuseExistingFile } from "../dump/file/write.ts";
import { sourceDatabase } from "../fleet/roster.ts";
import { tenantError } from "../fleet/target-errors.ts";
import { lockKey, tryLock } from "../postgres/lock.ts";
import { refuseIncomplete } from "../tenants/records.ts";
import { type LockedSchema, tableLocks } from "./copying.ts";
import { onboardingError } from "./errors.ts";
import { exportLocked } from "./export.ts";
import { registeredTargets } from "./onboarding.ts";
import { rehearse } from "./rehearsal.ts";
import { refuseDependents } from "./removal.ts";
import { withoutInterruption } from "./saga.ts";
import { existingTargets, withRetries } from "./targets.ts";
import type { LockedTenant } from "./tenant-lock.ts";

/**
 * Exports a tenant, rehearses the import of the file, and drops the schemas in the transactions that exported them. The
 * tables are locked before they are read, so the file contains every row. Nothing is changed until all drops have
 * succeeded: a failed or killed command leaves the tenant unchanged.
 *
 * @throws FleetError the errors of `exportLocked`, `refuseDependents` and `rehearse`, with the tenant unchanged and no file
 *   left; `onboarding` if it was interrupted between the commits of two databases
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
          await runExclusively(
            locked,
            source,
            await tableLocks(locked, source, "ACCESS EXCLUSIVE"),
          );
        // Objects that began to depend on the tenant since the first check would be dropped with it.
        await refuseDependents(locked, targets);
        for (const source of sources)
          await runExclusively(locked, source, [
            "SET LOCAL client_min_messages = warning",
            `DROP SCHEMA ${quoteIdentifier(source.target.schema)} CASCADE`,
          ]);
      } catch (error) {
        await rm(file, { force: true });
        throw error;
      }
      await commitDrops(locked, record, sources, file);
    },
  });
}

/** Runs statements that need an exclusive lock in the open transaction, and retries after a lock timeout. */
async function runExclusively(
  locked: LockedTenant,
  { session, target }: LockedSchema,
  statements: readonly string[],
): Promise<void> {
  await withRetries(locked, target, async () => {
    await session.script("SAVEPOINT exclusive");
    try {
      await session.script(statements.join(";\n"));
    } catch (error) {
      if (!session.lost) await session.script("ROLLBACK TO exclusive");
      throw error;
    }
  });
}

async function commitDrops(
  locked: LockedTenant,
  record: TenantRecord,
  sources: readonly LockedSchema[],
  file: string,
): Promise<void> {
  const { changeStatus } = await import("../control/registry.ts");
  let committed = 0;
  try {
    if (!(await changeStatus(locked.registry, record.id, [record.status], "removing")))
      throw new FleetError("tenant", `tenant ${record.id} is no longer ${record.status}`, {
        remedy: "To see its status, run: npx drizzle-fleet tenants list",
      });
    for (const { session } of sources) {
      await session.query("COMMIT");
      committed += 1;
    }
  } catch (error) {
    // Even an interrupted command must find out the outcome and undo the change.
    const uninterrupted = { ...locked, context: withoutInterruption(locked.context) };
    const reason = tenantError(record.id, error);
    if (committed > 0 || (await isDropped(uninterrupted, sources)))
      throw interruptedRemovalError(record, file, reason);
    await restoreStatus(uninterrupted, record, sources, reason);
    await rm(file, { force: true });
    throw error;
  }
}

/**
 * Whether the first schema was dropped, if the answer to COMMIT was lost. The lost session has ended as soon as its lock is
 * free, and only then is the outcome certain.
 */
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
      if (round === 100) throw unknownOutcomeError(target.schema);
      await sleep(100);
    }
    return (await existingTargets(locked, [target])).length === 0;
  });
}

/** Restores the previous status of the tenant. */
async function restoreStatus(
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
      // The status is already the previous one if the change was lost, or if an earlier attempt restored it.
      if (!(await changeStatus(registry, id, ["removing", status], status)))
        throw new Error("its status in the registry has changed");
    });
  } catch (error) {
    const remedy = `Nothing was dropped. To restore the status when the registry is reachable, run: UPDATE drizzle_fleet.tenants SET status = '${status}' WHERE id = '${id}' AND status = 'removing'`;
    throw new FleetError("onboarding", `tenant ${id} could not be removed`, {
      problems: [
        onboardingError(reason),
        new FleetError("onboarding", `undoing the changes failed: ${messageOf(error)}`, { remedy }),
      ],
      cause: reason,
    });
  }
}

function interruptedRemovalError({ id }: TenantRecord, file: string, reason: unknown): FleetError {
  return new FleetError(
    "onboarding",
    `the removal of tenant ${id} was interrupted: ${messageOf(reason)}`,
    {
      where: file,
      remedy: `The file is complete, and its import was rehearsed. To finish the removal, run: npx drizzle-fleet tenants remove ${id}`,
      cause: reason,
    },
  );
}

function unknownOutcomeError(schema: string): FleetError {
  return new FleetError("onboarding", `cannot determine yet whether ${schema} was dropped`, {
    remedy:
      "To see the tenant's status after the server has ended the lost session, run: npx drizzle-fleet tenants list",
  });
}
