import { setTimeout as sleep } from "node:timers/promises";
import { isFleetError } from "../core/errors.ts";
import type { Target } from "../core/target.ts";
import { databasesOf } from "../fleet/databases.ts";
import { targetError } from "../fleet/target-errors.ts";
import type { SchemaAccess } from "../fleet/tenant-transaction.ts";
import type { Session } from "../postgres/session.ts";
import { isRetryable } from "../postgres/sqlstate.ts";
import { retryDelay } from "../rollout/retry.ts";
import type { LockedTenant } from "./tenant-lock.ts";

/** The targets that have a schema: those of a new service have none until the next rollout. */
export async function existingTargets(
  { sessionFor }: Pick<SchemaAccess, "sessionFor">,
  targets: readonly Target[],
): Promise<Target[]> {
  const there = new Set<Target>();
  for (const database of databasesOf(targets)) {
    const here = targets.filter((target) => target.database === database);
    const rows = await (await sessionFor(database)).query<{ schema: string }>(
      "SELECT nspname::text AS schema FROM pg_catalog.pg_namespace WHERE nspname = ANY($1)",
      [here.map(({ schema }) => schema)],
    );
    const schemas = new Set(rows.map(({ schema }) => schema));
    for (const target of here) if (schemas.has(target.schema)) there.add(target);
  }
  return targets.filter((target) => there.has(target));
}

/** Calls `use` for each of a tenant's targets, one after the other. */
export async function forEachTarget(
  { sessionFor }: Pick<SchemaAccess, "sessionFor">,
  targets: readonly Target[],
  use: (session: Session, target: Target) => Promise<void>,
): Promise<void> {
  for (const target of targets) await use(await sessionFor(target.database), target);
}

/** Changes a target, and tries again as often as configured when a lock or a lost connection prevents it. */
export async function withRetries<Result>(
  { context }: LockedTenant,
  target: Target,
  attempt: () => Promise<Result>,
): Promise<Result> {
  const { retry } = context.config.fleet;
  for (let failed = 1; ; failed += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (isFleetError(error)) throw error;
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      const unwanted = context.cancel?.aborted === true;
      if (unwanted || failed >= retry.attempts || !isRetryable(cause))
        throw targetError(target, error);
      await sleep(retryDelay(failed, retry));
    }
  }
}
