import { setTimeout as sleep } from "node:timers/promises";
import { FleetError, isFleetError } from "../core/errors.ts";
import type { Target } from "../core/target.ts";
import type { TenantRecord } from "../core/tenant.ts";
import { type Context, type OpenDatabases, withDatabases } from "../fleet/context.ts";
import { asListed, databaseOf, listing } from "../fleet/roster.ts";
import { schemasBehind } from "../fleet/services.ts";
import { answerTimeout } from "../postgres/answer.ts";
import { type ConnectOptions, Session } from "../postgres/session.ts";
import { isRetryable } from "../postgres/sqlstate.ts";
import { inTenant, runInTenant, type TenantWork } from "../rollout/in-tenant.ts";
import { delayBefore } from "../rollout/retry.ts";
import { refuseInvalidTenantId, resolveTargets } from "../tenants/targets.ts";
import { directUrlError, heldError, targetError, tenantBusyError } from "./errors.ts";

/** What is at hand for whoever works on one tenant as a whole, and holds its lock. */
export interface LockedTenant {
  readonly context: Context;
  readonly id: string;
  readonly open: OpenDatabases;
  /** On the database with the registry; it holds the tenant's lock. */
  readonly registry: Session;
  /** A session to work with in a database: one for all steps. */
  readonly sessionFor: (database: string) => Promise<Session>;
  /** What `registeredTargets` has found, by the tenant's id. */
  readonly targets: Map<string, Target[]>;
}

/** How a tenant is held. */
interface LockOptions {
  /** Where the work will be done: their sessions are opened while the lock is taken. */
  readonly databases?: readonly string[];
  /** False for work that only looks. */
  readonly locks?: boolean;
}

/**
 * Takes a tenant's lock, for what changes the tenant as a whole.
 *
 * @throws FleetError `tenant` when another command has it; `usage` when the configuration does not leave it to the
 *   registry who exists; `config` for a name that no tenant can have, and behind a pooler, where no lock would last
 */
export async function withTenantLock<Result>(
  context: Context,
  id: string,
  use: (hold: LockedTenant) => Promise<Result>,
  options: LockOptions = {},
): Promise<Result> {
  const { fleet } = context.config;
  if (fleet.tenants !== undefined) {
    throw new FleetError("usage", "the configuration says who the tenants are, not the registry", {
      where: "tenants",
      remedy:
        "Change the tenants there; or move them to the registry: drizzle-fleet tenants switch registry",
    });
  }
  return withDatabases(context, Object.keys(fleet.databases), (open) =>
    withTenantLockIn(context, open, id, use, options),
  );
}

/** As `holdTenant`, for a fleet with a registry whose databases are open. */
export async function withTenantLockIn<Result>(
  context: Context,
  open: OpenDatabases,
  id: string,
  use: (hold: LockedTenant) => Promise<Result>,
  { databases = [], locks = true }: LockOptions = {},
): Promise<Result> {
  const { fleet } = context.config;
  refuseInvalidTenantId(id);
  const home = databaseOf(fleet);
  const sessions = new DatabaseSessions(open, fleet.connectTimeout, databases);
  try {
    const registry = await sessions.open(home, {
      signal: context.signal,
      refuseUnknownHost: true,
      answerWithinMs: answerTimeout(fleet.connectTimeout),
    });
    if (registry.pooled) throw directUrlError(home);
    const { lockTenant } = await import("../control/registry.ts");
    if (locks && !(await lockTenant(registry, id))) throw tenantBusyError(id);
    const sessionFor = (database: string) => sessions.get(database);
    const hold = { context, id, open, registry, sessionFor, targets: new Map() };
    return await use(hold).catch((error: unknown) => {
      throw heldError(id, error);
    });
  } finally {
    await sessions.close();
  }
}

/** Gives `use` sessions in open databases, one for each, and closes them afterwards. */
export async function withSessions<Result>(
  context: Context,
  open: OpenDatabases,
  use: (sessionFor: LockedTenant["sessionFor"]) => Promise<Result>,
): Promise<Result> {
  const sessions = new DatabaseSessions(open, context.config.fleet.connectTimeout, []);
  try {
    return await use((database) => sessions.get(database));
  } finally {
    await sessions.close();
  }
}

/**
 * As `holdTenant`, for what takes one tenant and makes another of it.
 *
 * @param from the tenant that is taken; the hold is of the other
 */
export async function withBothTenantLocks<Result>(
  context: Context,
  from: string,
  to: string,
  use: (hold: LockedTenant) => Promise<Result>,
): Promise<Result> {
  refuseInvalidTenantId(from);
  if (from === to)
    throw new FleetError("usage", `both tenants are ${from}`, { remedy: "Give two names." });
  return withTenantLock(context, to, async (hold) => {
    const { lockTenant } = await import("../control/registry.ts");
    if (!(await lockTenant(hold.registry, from))) throw tenantBusyError(from);
    return use(hold);
  });
}

/** The targets of two tenants, service by service, see `targetsFor`. */
export async function targetPairs(
  hold: LockedTenant,
  from: string,
  to: string,
  database: string | null,
): Promise<[Target, Target][]> {
  const others = await targetsFor({ ...hold, id: to }, database);
  return (await targetsFor({ ...hold, id: from }, database)).flatMap((target) => {
    const other = others.find(({ service }) => service === target.service);
    return other === undefined ? [] : [[target, other]];
  });
}

/**
 * The targets of one tenant, checked against everybody else's.
 *
 * @param database the database that holds all that is the tenant's, where that is not its services'
 */
export async function targetsFor(
  { context, id, registry }: LockedTenant,
  database: string | null,
): Promise<Target[]> {
  const { readTenants } = await import("../control/registry.ts");
  const others = (await readTenants(registry)).filter((record) => record.id !== id);
  return targetsAmong(context, others, id, database);
}

/** As `targetsFor`, when everybody else is known. */
function targetsAmong(
  context: Context,
  others: readonly TenantRecord[],
  id: string,
  database: string | null,
): Target[] {
  const tenants = [...others, { id, attributes: {}, database }].map(asListed);
  const { fleet } = listing(context, tenants).config;
  const ids = tenants.map((tenant) => tenant.id);
  return resolveTargets(fleet, ids, { services: [], tenants: [id], databases: [] });
}

/** Sessions that are closed together; one for each database to work in is opened when it is first needed. */
class DatabaseSessions {
  readonly #open: OpenDatabases;
  readonly #waitMs: number;
  readonly #all: Promise<Session>[] = [];
  readonly #kept = new Map<string, Promise<Session>>();

  /** @param early databases whose sessions are opened at once; whoever needs one hears what is wrong with it */
  constructor(open: OpenDatabases, waitMs: number, early: readonly string[]) {
    this.#open = open;
    this.#waitMs = waitMs;
    for (const database of early) this.get(database).catch(() => undefined);
  }

  async open(
    database: string,
    more: Pick<ConnectOptions, "signal" | "answerWithinMs" | "refuseUnknownHost"> = {},
  ): Promise<Session> {
    const address = this.#open.addressOf(database);
    const opening = Session.connect(address, { waitMs: this.#waitMs, ...more });
    this.#all.push(opening);
    return opening;
  }

  /** A new one, when the last one is lost or could not be opened. */
  async get(database: string): Promise<Session> {
    const kept = this.#kept.get(database);
    if (kept !== undefined) {
      const session = await kept;
      if (!session.lost) return session;
    }
    const opening = this.open(database);
    this.#kept.set(database, opening);
    opening.catch(() => this.#kept.delete(database));
    return opening;
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#all);
    await Promise.all(
      opened.map(async (one) => (one.status === "fulfilled" ? one.value.close() : undefined)),
    );
  }
}

/** The targets that have a schema: a service that the fleet has just gained has none until the next rollout. */
export async function existingTargets(
  { sessionFor }: Pick<LockedTenant, "sessionFor">,
  targets: readonly Target[],
): Promise<Target[]> {
  const there = new Set<Target>();
  for (const database of new Set(targets.map((target) => target.database))) {
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

/** Does something with each of a tenant's targets, one after the other. */
export async function forEachTarget(
  { sessionFor }: Pick<LockedTenant, "sessionFor">,
  targets: readonly Target[],
  use: (session: Session, target: Target) => Promise<void>,
): Promise<void> {
  for (const target of targets) await use(await sessionFor(target.database), target);
}

type TransactionOptions = Pick<
  TenantWork,
  "create" | "expectation" | "flushedLater" | "snapshotBehind"
> &
  Partial<Pick<TenantWork, "timeouts">>;

/** Does something in one transaction in a tenant schema; an error names the target. */
export function inTenantTransaction<Result>(
  context: Context,
  session: Session,
  target: Target,
  work: TransactionOptions,
  use: () => Promise<Result>,
): Promise<Result> {
  return withTargetName(target, inTenant(session, inFleet(context, target, work), use));
}

/** Runs statements in one transaction in a tenant schema; an error names the target. */
export function runInTenantTransaction(
  context: Context,
  session: Session,
  target: Target,
  work: TransactionOptions,
  statements: readonly string[],
): Promise<void> {
  return withTargetName(target, runInTenant(session, inFleet(context, target, work), statements));
}

function inFleet({ config }: Context, target: Target, work: TransactionOptions): TenantWork {
  const { services, timeouts } = config.fleet;
  const service = services[target.service];
  const sharedSchemas = service === undefined ? [] : schemasBehind(service);
  return { target, sharedSchemas, timeouts, ...work };
}

function withTargetName<Result>(target: Target, done: Promise<Result>): Promise<Result> {
  return done.catch((error: unknown) => {
    throw isFleetError(error) ? error : targetError(target, error);
  });
}

/** Does something to a target that locks may be in the way of: they are waited for as often as the configuration says. */
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
      await sleep(delayBefore(failed, retry));
    }
  }
}
