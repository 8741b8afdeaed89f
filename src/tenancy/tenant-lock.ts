import { FleetError } from "../core/errors.ts";
import type { Target } from "../core/target.ts";
import type { TenantRecord } from "../core/tenant.ts";
import type { Context } from "../fleet/context.ts";
import { DatabaseSessions } from "../fleet/database-sessions.ts";
import { type OpenDatabases, withDatabases } from "../fleet/databases.ts";
import { sourceDatabase } from "../fleet/roster.ts";
import { tenantError } from "../fleet/target-errors.ts";
import type { SchemaAccess } from "../fleet/tenant-transaction.ts";
import { answerTimeout } from "../postgres/answer.ts";
import type { Session } from "../postgres/session.ts";
import { asListed } from "../tenants/records.ts";
import { rosterOf } from "../tenants/roster.ts";
import { everything, refuseInvalidTenantId, resolveTargets } from "../tenants/targets.ts";
import { directUrlError, tenantBusyError } from "./errors.ts";

/** A tenant whose lock a command holds. */
export interface LockedTenant extends SchemaAccess {
  readonly id: string;
  /** The session that holds the lock, in the database with the registry. */
  readonly registry: Session;
  /** The results of `registeredTargets`, by tenant id. */
  readonly targets: Map<string, Target[]>;
}

/** How to lock a tenant. */
interface LockOptions {
  /** Databases to open sessions in while the lock is being acquired. */
  readonly databases?: readonly string[];
  /** False for reading only. */
  readonly locks?: boolean;
}

/**
 * Holds a tenant's lock during `use`.
 *
 * @throws FleetError `tenant` if another command holds the lock; `usage` if the tenants are not in the registry; `config`
 *   for an invalid tenant id, or if the connection leads to a connection pooler
 */
export async function withTenantLock<Result>(
  context: Context,
  id: string,
  use: (locked: LockedTenant) => Promise<Result>,
  options: LockOptions = {},
): Promise<Result> {
  const { fleet } = context.config;
  if (fleet.tenants !== undefined) {
    throw new FleetError(
      "usage",
      "the tenants are defined in the configuration, not in the registry",
      {
        where: "tenants",
        remedy:
          "Change them in the configuration. Or, to move them to the registry, run: npx drizzle-fleet tenants switch registry",
      },
    );
  }
  return withDatabases(context, Object.keys(fleet.databases), (open) =>
    withTenantLockIn({ context, open }, id, use, options),
  );
}

/** Like `withTenantLock`, for a fleet with a registry and open databases. */
export async function withTenantLockIn<Result>(
  { context, open }: { readonly context: Context; readonly open: OpenDatabases },
  id: string,
  use: (locked: LockedTenant) => Promise<Result>,
  { databases = [], locks = true }: LockOptions = {},
): Promise<Result> {
  const { fleet } = context.config;
  refuseInvalidTenantId(id);
  const home = sourceDatabase(fleet);
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
    const locked = { context, id, open, registry, sessionFor, targets: new Map() };
    return await use(locked).catch((error: unknown) => {
      throw tenantError(id, error);
    });
  } finally {
    await sessions.close();
  }
}

/**
 * Like `withTenantLock`, for creating one tenant from another.
 *
 * @param from the existing tenant, which is locked too
 * @param to the new tenant, which `use` receives
 */
export async function withBothTenantLocks<Result>(
  context: Context,
  from: string,
  to: string,
  use: (locked: LockedTenant) => Promise<Result>,
): Promise<Result> {
  refuseInvalidTenantId(from);
  if (from === to)
    throw new FleetError("usage", `both tenant ids are ${from}`, {
      remedy: "Give two different tenant ids.",
    });
  return withTenantLock(context, to, async (locked) => {
    const { lockTenant } = await import("../control/registry.ts");
    if (!(await lockTenant(locked.registry, from))) throw tenantBusyError(from);
    return use(locked);
  });
}

/** The targets of two tenants, paired by service. See `targetsFor`. */
export async function targetPairs(
  locked: LockedTenant,
  from: string,
  to: string,
  database: string | null,
): Promise<[Target, Target][]> {
  const others = await targetsFor({ ...locked, id: to }, database);
  return (await targetsFor({ ...locked, id: from }, database)).flatMap((target) => {
    const other = others.find(({ service }) => service === target.service);
    return other === undefined ? [] : [[target, other]];
  });
}

/**
 * Resolves the targets of one tenant, and checks that they do not collide with those of other tenants.
 *
 * @param database the database for all schemas of the tenant; null: the databases of the services
 */
export async function targetsFor(
  { context, id, registry }: LockedTenant,
  database: string | null,
): Promise<Target[]> {
  const { readTenants } = await import("../control/registry.ts");
  const others = (await readTenants(registry)).filter((record) => record.id !== id);
  const records: Pick<TenantRecord, "id" | "attributes" | "database">[] = [
    ...others,
    { id, attributes: {}, database },
  ];
  const roster = rosterOf(records.map(asListed));
  return resolveTargets(context.config.fleet, roster, { ...everything, tenants: [id] });
}
