import { FleetError, throwProblems } from "../core/errors.ts";
import type { Target } from "../core/target.ts";
import type { TenantRecord, TenantStatus } from "../core/tenant.ts";
import type { Context } from "../fleet/context.ts";
import { rolesForTargets } from "../fleet/roles.ts";
import { inTenantTransaction, runInTenantTransaction } from "../fleet/tenant-transaction.ts";
import { readLedgers } from "../ledger/read-ledgers.ts";
import { ledgerOf } from "../ledger/table.ts";
import { grantExistingSchema, revokeSchema } from "../postgres/privileges.ts";
import { noLedger } from "../rollout/guard.ts";
import { inactiveTenantError } from "../tenants/records.ts";
import { unknownNames } from "../tenants/targets.ts";
import { restoreSchemaGrants } from "./grants.ts";
import { loadSeeds } from "./seeds.ts";
import { existingTargets, forEachTarget } from "./targets.ts";
import { type LockedTenant, targetsFor } from "./tenant-lock.ts";

/** The tenant to create. */
export interface NewTenant {
  /** The tenant id. */
  readonly tenant: string;
  readonly attributes?: TenantRecord["attributes"];
  /** The configured database for all schemas of the tenant; default: the databases of the services. */
  readonly database?: string;
}

/**
 * Registers a tenant as `provisioning`, or continues an earlier attempt.
 *
 * @throws FleetError `tenant` if the tenant or one of its schemas already exists
 */
export async function register(locked: LockedTenant, request: NewTenant): Promise<void> {
  const { findTenant, registerTenant } = await import("../control/registry.ts");
  const { id, registry, context } = locked;
  const found = await findTenant(registry, id);
  if (found !== undefined && found.status !== "provisioning") throw existingTenantError(found);
  const database = knownDatabase(context, request.database);
  if (found === undefined) await refuseExistingSchemas(locked, await targetsFor(locked, database));
  else if (request.database !== undefined && found.database !== database)
    throw otherDatabaseError(found);
  const { attributes = found?.attributes ?? {} } = request;
  await registerTenant(registry, { id, status: "provisioning", database, attributes });
}

/**
 * Creates the schemas and their ledgers, without access for any role except the owner. The roles to grant access to must
 * exist. The schemas survive a crash of the server only after `migrateTenant`, which flushes the log.
 *
 * @returns the targets without applied migrations
 */
export async function createSchemas(locked: LockedTenant): Promise<ReadonlySet<Target>> {
  const { context } = locked;
  const fresh = new Set<Target>();
  const targets = await registeredTargets(locked);
  await rolesForTargets(locked, targets);
  await forEachTarget(locked, targets, async (session, target) => {
    const state = (await readLedgers(session, [target.schema], new Map())).get(target.schema);
    if (state?.kind !== "ledger" || state.entries.length === 0) fresh.add(target);
    if (state?.kind === "ledger") return;
    const create = state?.kind === "noLedger" ? "ledger" : "schemaAndLedger";
    const work = { create, expectation: noLedger(target.schema), flushedLater: true } as const;
    await runInTenantTransaction({ context, session, target }, work, []);
  });
  return fresh;
}

/**
 * Grants access to the application role if one is configured, or to the tenant role if every tenant has its own. Restores
 * the revoked grants of other roles.
 */
export async function grantAccess(locked: LockedTenant): Promise<void> {
  const targets = await existingTargets(locked, await registeredTargets(locked));
  await restoreSchemaGrants(locked, targets);
  await grantToApplication(locked, targets);
}

/**
 * Grants the application role access to schemas, if one is configured.
 *
 * @param statementsFor the grants; default: full access, and with tenant roles the application role loses its access
 */
export async function grantToApplication(
  place: Pick<LockedTenant, "context" | "open" | "sessionFor">,
  targets: readonly Target[],
  statementsFor: (target: Target, role: string, application: string) => string[] = fullAccess,
): Promise<void> {
  const { context, open } = place;
  const roleOf = await rolesForTargets(place, targets);
  await forEachTarget(place, targets, async (session, target) => {
    const [application, role] = [open.applicationRoleOf(target.database), roleOf(target)];
    if (application === undefined || role === undefined) return;
    const statements = statementsFor(target, role, application);
    await runInTenantTransaction({ context, session, target }, { create: "nothing" }, statements);
  });
}

function fullAccess({ schema }: Target, role: string, application: string): string[] {
  return [
    ...(role === application ? [] : revokeSchema(schema, application)),
    ...grantExistingSchema(schema, role, ledgerOf(schema)),
  ];
}

/** Runs the seeds of the services, each in one transaction. */
export async function runSeeds(locked: LockedTenant): Promise<void> {
  const { context } = locked;
  const seeds = await loadSeeds(context);
  if (seeds.length === 0) return;
  const { id, attributes } = await registeredTenant(locked);
  await forEachTarget(locked, await registeredTargets(locked), async (session, target) => {
    const own = seeds.find(({ service }) => service === target.service)?.seed;
    if (own?.seed === undefined) return;
    await inTenantTransaction({ context, session, target }, { create: "nothing" }, () =>
      session.drizzle(async (db) => own.seed?.(db, { id, attributes })),
    );
  });
}

/** Activates a tenant: it takes part in rollouts from now on. */
export async function activate(
  { id, registry }: LockedTenant,
  from: TenantStatus = "provisioning",
): Promise<void> {
  const { changeStatus, findTenant } = await import("../control/registry.ts");
  if (await changeStatus(registry, id, [from, "active"], "active")) return;
  const found = await findTenant(registry, id);
  throw found === undefined ? unknownTenantError(id) : existingTenantError(found);
}

/** Reads a tenant from the registry. */
export async function registeredTenant({ registry, id }: LockedTenant): Promise<TenantRecord> {
  const { findTenant } = await import("../control/registry.ts");
  const record = await findTenant(registry, id);
  if (record !== undefined) return record;
  throw unknownTenantError(id);
}

function unknownTenantError(id: string): FleetError {
  return new FleetError("tenant", `tenant ${id} does not exist`, {
    remedy: "To see the tenants, run: npx drizzle-fleet tenants list",
  });
}

/** The targets of a registered tenant. Resolved once: a tenant that would collide with it cannot be registered later. */
export async function registeredTargets(locked: LockedTenant): Promise<Target[]> {
  const { id, targets: kept } = locked;
  const targets =
    kept.get(id) ?? (await targetsFor(locked, (await registeredTenant(locked)).database));
  kept.set(id, targets);
  return targets;
}

/**
 * Checks that a database is configured, and returns it in the form of the registry.
 *
 * @throws FleetError `usage` for an unknown database
 */
export function knownDatabase({ config }: Context, name: string | undefined): string | null {
  if (name === undefined) return null;
  const known = Object.keys(config.fleet.databases);
  throwProblems(unknownNames("database", [name], known), "");
  return name;
}

/**
 * Makes sure that a new tenant has no schema yet.
 *
 * @throws FleetError `tenant` with the existing schemas
 */
export async function refuseExistingSchemas(
  locked: LockedTenant,
  targets: readonly Target[],
): Promise<void> {
  const found: string[] = [];
  await forEachTarget(locked, targets, async (session, { schema }) => {
    const states = await readLedgers(session, [schema], new Map());
    if (states.get(schema)?.kind !== "noSchema") found.push(schema);
  });
  if (found.length === 0) return;
  const isOne = found.length === 1;
  throw new FleetError(
    "tenant",
    `${isOne ? "schema" : "schemas"} ${found.join(" and ")} already ${isOne ? "exists" : "exist"}, but tenant ${locked.id} is not registered`,
    {
      remedy: `Nothing was changed. Drop the ${isOne ? "schema" : "schemas"} or choose another tenant id. If ${isOne ? "it belongs" : "they belong"} to the tenant, run: npx drizzle-fleet tenants adopt ${locked.id}`,
    },
  );
}

/** A tenant with this id already exists. */
export function existingTenantError(found: TenantRecord): FleetError {
  if (["copying", "renaming", "removing"].includes(found.status)) return inactiveTenantError(found);
  return new FleetError(
    "tenant",
    `tenant ${found.id} already exists, with status ${found.status}`,
    {
      remedy: "To see the tenants, run: npx drizzle-fleet tenants list",
    },
  );
}

function otherDatabaseError({ id, database }: TenantRecord): FleetError {
  return new FleetError(
    "tenant",
    `the setup of tenant ${id} began in ${database === null ? "the databases of its services" : `database ${database}`}`,
    {
      remedy: `To continue there, omit --database. To start over, first run: npx drizzle-fleet tenants remove ${id}`,
    },
  );
}
