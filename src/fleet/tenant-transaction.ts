import { isFleetError } from "../core/errors.ts";
import type { Target } from "../core/target.ts";
import type { Session } from "../postgres/session.ts";
import { type GuardedTransaction, inTenant, runInTenant } from "../rollout/in-tenant.ts";
import type { Context } from "./context.ts";
import type { OpenDatabases } from "./databases.ts";
import { sharedSchemasOf } from "./services.ts";
import { targetError } from "./target-errors.ts";

/** The connections for work on the schemas of some tenants. */
export interface SchemaAccess {
  readonly context: Context;
  readonly open: OpenDatabases;
  /** Returns a database's session: the same one each time. */
  readonly sessionFor: (database: string) => Promise<Session>;
}

/** A session to work with in one tenant schema. */
export interface TargetSession {
  readonly context: Context;
  readonly session: Session;
  readonly target: Target;
}

type TransactionOptions = Pick<
  GuardedTransaction,
  "create" | "expectation" | "flushedLater" | "snapshotAfterLocks"
> &
  Partial<Pick<GuardedTransaction, "timeouts">>;

/** Runs `use` in one transaction in a tenant schema; an error names the target. */
export function inTenantTransaction<Result>(
  place: TargetSession,
  options: TransactionOptions,
  use: () => Promise<Result>,
): Promise<Result> {
  return withTargetName(place.target, inTenant(place.session, workFor(place, options), use));
}

/** Runs statements in one transaction in a tenant schema; an error names the target. */
export function runInTenantTransaction(
  place: TargetSession,
  options: TransactionOptions,
  statements: readonly string[],
): Promise<void> {
  const { session, target } = place;
  return withTargetName(target, runInTenant(session, workFor(place, options), statements));
}

function workFor(
  { context, target }: TargetSession,
  options: TransactionOptions,
): GuardedTransaction {
  const { services, timeouts } = context.config.fleet;
  const service = services[target.service];
  const sharedSchemas = service === undefined ? [] : sharedSchemasOf(service);
  return { target, sharedSchemas, timeouts, ...options };
}

function withTargetName<Result>(target: Target, done: Promise<Result>): Promise<Result> {
  return done.catch((error: unknown) => {
    throw isFleetError(error) ? error : targetError(target, error);
  });
}
