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

/** The targets whose schemas exist: a new service has no schemas before the next rollout. */
export async function existingTargets(
  { sessionFor }: Pick<SchemaAccess, "sessionFor">,
  targets: readonly Target[],
): Promise<Target[]> {
  const existing = new Set<Target>();
  for (const database of databasesOf(targets)) {
    const here = targets.filter((target) => target.database === database);
    const rows = await (await sessionFor(database)).query<{ schema: string }>(
      "SELECT nspname::text AS schema FROM pg_catalog.pg_namespace WHERE nspname = ANY($1)",
      [here.map(({ schema }) => schema)],
    );
    const schemas = new Set(rows.map(({ schema }) => schema));
    for (const target of here) if (schemas.has(target.schema)) existing.add(target);
  }
  return targets.filter((target) => existing.has(target));
}

/** Calls `use` for each target, one after the other. */
export async function forEachTarget(
  { sessionFor }: Pick<SchemaAccess, "sessionFor">,
  targets: readonly Target[],
  use: (session: Session, target: Target) => Promise<void>,
): Promise<void> {
  for (const target of targets) await use(await sessionFor(target.database), target);
}

/** Calls `attempt` again after lock timeouts and lost connections, up to the configured number of attempts. */
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
      const cancelled = context.cancel?.aborted === true;
      if (cancelled || failed >= retry.attempts || !isRetryable(cause))
        throw targetError(target, error);
      await sleep(retryDelay(failed, retry));
    }
  }
}
