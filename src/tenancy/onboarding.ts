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

/** Who is to be onboarded. */
export interface NewTenant {
  readonly tenant: string;
  readonly attributes?: TenantRecord["attributes"];
  /** The database for all that is the tenant's, where that is not its services'. */
  readonly database?: string;
}

/**
 * Enters a tenant into the registry as `provisioning`. What an earlier attempt has entered is taken up again.
 *
 * @throws FleetError `tenant` for one that exists, or whose schemas do
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
 * Makes the schemas with their ledgers. Nobody but their owner may enter them yet; who will, must be there. They are
 * certain to survive a crash of the server when `migrateTenant` has followed.
 *
 * @returns the targets that no migration was applied to yet
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
 * Lets the application into the schemas, if a role is configured for it; this is what makes the tenant usable. A
 * tenant with a role of its own is left to that one alone. What was taken from others comes back.
 */
export async function grantAccess(locked: LockedTenant): Promise<void> {
  const targets = await existingTargets(locked, await registeredTargets(locked));
  await restoreSchemaGrants(locked, targets);
  await grantToApplication(locked, targets);
}

/**
 * Lets the application into schemas, if a role is configured for it.
 *
 * @param statementsFor what to grant; by default everything, and what the other mode of `roles` gave is taken back
 */
export async function grantToApplication(
  place: Pick<LockedTenant, "context" | "open" | "sessionFor">,
  targets: readonly Target[],
  statementsFor: (target: Target, role: string, application: string) => string[] = wholly,
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

function wholly({ schema }: Target, role: string, application: string): string[] {
  return [
    ...(role === application ? [] : revokeSchema(schema, application)),
    ...grantExistingSchema(schema, role, ledgerOf(schema)),
  ];
}

/** Runs the services' seeds, each in one transaction. */
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

/** Ends the onboarding: from now on the tenant takes part in everything. */
export async function activate(
  { id, registry }: LockedTenant,
  from: TenantStatus = "provisioning",
): Promise<void> {
  const { changeStatus, findTenant } = await import("../control/registry.ts");
  if (await changeStatus(registry, id, [from, "active"], "active")) return;
  const found = await findTenant(registry, id);
  throw found === undefined ? unknownTenantError(id) : existingTenantError(found);
}

/** A tenant as the registry has it now. */
export async function registeredTenant({ registry, id }: LockedTenant): Promise<TenantRecord> {
  const { findTenant } = await import("../control/registry.ts");
  const record = await findTenant(registry, id);
  if (record !== undefined) return record;
  throw unknownTenantError(id);
}

function unknownTenantError(id: string): FleetError {
  return new FleetError("tenant", `there is no tenant ${id}`, {
    remedy: "See the tenants: npx drizzle-fleet tenants list",
  });
}

/** The targets of a tenant in the registry. Looked up once: from then on whoever collides with it is refused there. */
export async function registeredTargets(locked: LockedTenant): Promise<Target[]> {
  const { id, targets: kept } = locked;
  const targets =
    kept.get(id) ?? (await targetsFor(locked, (await registeredTenant(locked)).database));
  kept.set(id, targets);
  return targets;
}

/**
 * A tenant's own database, as the registry has it.
 *
 * @throws FleetError `usage` for one that is not configured
 */
export function knownDatabase({ config }: Context, name: string | undefined): string | null {
  if (name === undefined) return null;
  const known = Object.keys(config.fleet.databases);
  throwProblems(unknownNames("database", [name], known), "");
  return name;
}

/**
 * Makes sure that a tenant who is to be made has no schema yet.
 *
 * @throws FleetError `tenant`
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
  throw new FleetError(
    "tenant",
    `${found.join(" and ")} exist already, and nobody has registered ${locked.id}`,
    {
      remedy: `If that is the tenant: npx drizzle-fleet tenants adopt ${locked.id}. Otherwise drop them, or choose another name. Nothing was changed.`,
    },
  );
}

/** What to say of a tenant who is there already, and should not be. */
export function existingTenantError(found: TenantRecord): FleetError {
  if (["copying", "renaming", "removing"].includes(found.status)) return inactiveTenantError(found);
  return new FleetError("tenant", `tenant ${found.id} exists already, and is ${found.status}`, {
    remedy: "See the tenants: npx drizzle-fleet tenants list",
  });
}

function otherDatabaseError({ id, database }: TenantRecord): FleetError {
  return new FleetError(
    "tenant",
    `tenant ${id} was begun in ${database === null ? "its services' databases" : `database ${database}`}`,
    {
      remedy: `Go on without --database, or clear it away: npx drizzle-fleet tenants remove ${id}`,
    },
  );
}
