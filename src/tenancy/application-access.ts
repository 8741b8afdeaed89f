import { counted, shortList } from "../core/count.ts";
import type { FleetError } from "../core/errors.ts";
import { ledgerName } from "../core/ledger.ts";
import { isUnusable, type Plan, targetsOf } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import type { Context } from "../fleet/context.ts";
import { withSessions } from "../fleet/database-sessions.ts";
import { databasesOf, type OpenDatabases } from "../fleet/databases.ts";
import type { OpenFleet } from "../fleet/open-fleet.ts";
import type { ReadIn } from "../fleet/read-database.ts";
import type { SchemaAccess } from "../fleet/tenant-transaction.ts";
import { ledgerOf } from "../ledger/table.ts";
import {
  findMissingAccess,
  grantExistingSchema,
  grantNewSchema,
  limitToSelect,
  type MissingAccess,
} from "../postgres/privileges.ts";
import type { Session } from "../postgres/session.ts";
import { findTenantRoles } from "../postgres/tenant-roles.ts";
import { inactiveTenantError } from "../tenants/records.ts";
import { onboardingError } from "./errors.ts";
import { grantToApplication, registeredTenant } from "./onboarding.ts";
import { type LockedTenant, withTenantLockIn } from "./tenant-lock.ts";

/** Maximum number of tenants in progress at the same time. Each uses up to two connections. */
const atOnce = 4;

export interface GrantResult {
  /** Tenants whose schemas the application can use now. */
  readonly granted: readonly string[];
  /** Tenants whose schemas it still cannot use; `tenant` is undefined for services without tenants. */
  readonly failed: readonly { readonly tenant: string | undefined; readonly error: FleetError }[];
}

/**
 * Grants the application role access to schemas that were created before the role was configured. A role that already
 * has USAGE keeps its privileges and is only granted read access to the ledger. Failures are reported but do not fail
 * the rollout, since the application can still do what it could before.
 */
export async function grantMissing(fleet: OpenFleet, plan: Plan, readIn: ReadIn): Promise<void> {
  const { context } = fleet;
  const known = targetsOf(plan).filter((one) => !isUnusable(one));
  const targets = known.map(({ target }) => target);
  const missing = await findMissing(fleet, targets, readIn).catch((error: unknown) => {
    const { message } = onboardingError(error);
    context.notify(`Cannot check whether the application has access to every schema: ${message}`);
    return new Map<Target, MissingAccess>();
  });
  if (missing.size === 0) return;
  const enter = (access: SchemaAccess, own: readonly Target[]) =>
    grantToApplication(access, own, (target, role) =>
      statementsFor(target, role, missing.get(target)?.usage === true),
    );
  const { failed } = await grantEach(fleet, [...missing.keys()], {
    registered: enter,
    listed: enter,
  });
  reportGranted(context, [...missing.keys()], failed);
}

/** How to grant access to the targets of one tenant: with its lock if it is registered, otherwise without a lock. */
interface Granting {
  readonly registered: (locked: LockedTenant, targets: readonly Target[]) => Promise<void>;
  readonly listed: (access: SchemaAccess, targets: readonly Target[]) => Promise<void>;
}

/** Grants access to several tenants at a time. A failure does not affect other tenants. */
export async function grantEach(
  place: { readonly context: Context; readonly open: OpenDatabases },
  targets: readonly Target[],
  granting: Granting,
): Promise<GrantResult> {
  const { context } = place;
  const byTenant = new Map<string | undefined, Target[]>();
  for (const target of targets) {
    const own = byTenant.get(target.tenant) ?? [];
    byTenant.set(target.tenant, [...own, target]);
  }
  const waiting = [...byTenant];
  const granted = new Set<string>();
  const failed: { tenant: string | undefined; error: FleetError }[] = [];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [tenant, own] = next;
      if (context.signal?.aborted === true) return;
      try {
        await grantOne(place, tenant, own, granting);
        if (tenant !== undefined) granted.add(tenant);
      } catch (error) {
        failed.push({ tenant, error: onboardingError(error) });
      }
    }
  };
  const workers = Math.min(atOnce, context.config.fleet.concurrency);
  await Promise.all(Array.from({ length: workers }, work));
  // In the order of the fleet, not of completion.
  const inOrder = [...byTenant.keys()].flatMap((tenant) => tenant ?? []);
  return { granted: inOrder.filter((tenant) => granted.has(tenant)), failed };
}

async function grantOne(
  { context, open }: { readonly context: Context; readonly open: OpenDatabases },
  tenant: string | undefined,
  own: readonly Target[],
  { registered, listed }: Granting,
): Promise<void> {
  if (tenant === undefined || context.config.fleet.tenants !== undefined)
    return withSessions(context, open, (sessionFor) => listed({ context, open, sessionFor }, own));
  return withTenantLockIn({ context, open }, tenant, async (locked) => {
    // Another command can have archived it since the tenants were read.
    const record = await registeredTenant(locked);
    if (record.status !== "active") throw inactiveTenantError(record);
    // Resolving them again would read the complete registry for each tenant.
    locked.targets.set(tenant, [...own]);
    await registered(locked, own);
  });
}

async function findMissing(
  { context, open }: OpenFleet,
  targets: readonly Target[],
  readIn: ReadIn,
): Promise<ReadonlyMap<Target, MissingAccess>> {
  const missing = new Map<Target, MissingAccess>();
  await Promise.all(
    databasesOf(targets).map(async (database) => {
      const application = open.applicationRoleOf(database);
      if (application === undefined) return;
      const here = targets.filter((target) => target.database === database);
      const lacking = await readIn(database, async (session) => {
        const { roles } = context.config.fleet;
        const named = roles === "shared" ? new Map() : await rolesOfTenants(session, here);
        return findMissingAccess(
          session,
          here.map(({ schema, tenant }) => ({ schema, role: named.get(tenant) ?? application })),
          application,
          ledgerName,
        );
      });
      const bySchema = new Map(lacking.map((one) => [one.schema, one]));
      for (const target of here) {
        const found = bySchema.get(target.schema);
        if (found !== undefined) missing.set(target, found);
      }
    }),
  );
  return missing;
}

async function rolesOfTenants(
  session: Session,
  targets: readonly Target[],
): Promise<ReadonlyMap<string | undefined, string>> {
  const tenants = [...new Set(targets.flatMap(({ tenant }) => tenant ?? []))];
  const roles = await findTenantRoles(session, tenants);
  return new Map(roles.map(({ tenant, name }) => [tenant, name]));
}

/** The grants for a role. The privileges of a role that already has USAGE are not extended, except to the ledger. */
function statementsFor({ schema }: Target, role: string, usage: boolean): string[] {
  const ledger = ledgerOf(schema);
  return usage
    ? [...grantNewSchema(schema, role), ...limitToSelect(ledger, role)]
    : grantExistingSchema(schema, role, ledger);
}

function reportGranted(
  { notify }: Context,
  targets: readonly Target[],
  failed: GrantResult["failed"],
): void {
  const failing = new Set(failed.map(({ tenant }) => tenant));
  const of = (isFailed: boolean) =>
    targets.flatMap(({ tenant, schema }) => (failing.has(tenant) === isFailed ? schema : []));
  const [granted, denied] = [of(false), of(true)];
  if (granted.length > 0)
    notify(
      `Granted the application access to ${counted(granted.length, "more schema")}: ${shortList(granted)}.`,
    );
  const [first] = failed;
  if (first === undefined) return;
  const { message, remedy = "Fix the problem above." } = first.error;
  const advice = remedy.endsWith(".") ? remedy : `${remedy}.`;
  notify(
    `The application still has no access to ${counted(denied.length, "schema")} (${shortList(denied)}): ${message}. ${advice} Then run: npx drizzle-fleet tenants grant --all`,
  );
}
