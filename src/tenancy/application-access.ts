import { FleetError, isFleetError, messageOf, throwProblems } from "../core/errors.ts";
import { ledgerName } from "../core/ledger.ts";
import { isUnknown, type Plan, targetsOf } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import {
  type Context,
  type OpenDatabases,
  selectTargets,
  withDatabases,
} from "../fleet/context.ts";
import type { ReadIn } from "../fleet/plan-fleet.ts";
import { inactiveTenantError, withTenants } from "../fleet/roster.ts";
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
import { counted, some } from "../report/words.ts";
import { listedTenants, unknownNames } from "../tenants/targets.ts";
import { grantAccess, grantToApplication, type NewTenant, registeredTenant } from "./onboarding.ts";
import {
  existingTargets,
  type LockedTenant,
  withSessions,
  withTenantLockIn,
} from "./tenant-lock.ts";

/** Tenants that are worked on at the same time, at most: each takes up to two connections. */
const atOnce = 4;

/** Which tenants to grant access to. */
export interface GrantRequest {
  /** Their ids; with `all` it must be empty. */
  readonly tenants: readonly string[];
  /** Every tenant that takes part in rollouts, and the schemas of services with a single one. */
  readonly all?: boolean;
}

export interface GrantResult {
  /** The tenants whose schemas the application may use now. */
  readonly granted: readonly string[];
  /** Why it may not use others. */
  readonly failed: readonly { readonly tenant: string | undefined; readonly error: FleetError }[];
}

/**
 * Lets the application's role into the schemas of tenants, wherever the configuration lists them: for schemas that are
 * older than the role's configuration, or were made in the other mode of `roles`. A tenant that fails leaves the
 * others alone.
 *
 * @throws FleetError `usage` for an unknown tenant; `tenant` for one that is named and not active; `config` when no
 *   application's role is configured
 * @example await grantTenants(context, { tenants: [], all: true });
 */
export function grantTenants(context: Context, request: GrantRequest): Promise<GrantResult> {
  const { tenants, all = false } = request;
  return withTenants(context, { tenants }, (known) => {
    const ids = listedTenants(known.config.fleet).map(({ id }) => id);
    throwProblems(unknownNames("tenant", tenants, ids), "the selection names what does not exist");
    // TENANTS restricts rollouts. Here the tenants are named on the command line.
    const selecting = { ...known, environment: { ...known.environment, TENANTS: undefined } };
    const targets = selectTargets(selecting, {
      ...{ services: [], databases: [] },
      tenants: all ? [] : tenants,
    });
    const { databases } = context.config.fleet;
    return withDatabases(context, Object.keys(databases), async (open) => {
      refuseNoRole(targets, open);
      return grantEach(context, open, targets, {
        registered: grantAccess,
        listed: async (place, own) => grantToApplication(place, await existingTargets(place, own)),
      });
    });
  });
}

/** As `grantTenants`, for one tenant, whose failure is thrown. */
export async function grantTenant(context: Context, { tenant }: NewTenant): Promise<void> {
  const { failed } = await grantTenants(context, { tenants: [tenant] });
  throwProblems(
    failed.map(({ error }) => error),
    `the application cannot be let into the schemas of ${tenant}`,
  );
}

/**
 * Lets the application's role into those schemas of a fleet that it cannot enter: they were made before the role was
 * configured. A role that can enter keeps the rights that it has, and may read the ledger. Says what it did, and what
 * could not be done: that is no reason to fail a rollout, after which the application can do as much as before.
 *
 * @param context as the verb was given it: a fleet whose tenants are in the registry has none listed
 */
export async function grantMissing(
  context: Context,
  plan: Plan,
  open: OpenDatabases,
  within: ReadIn,
): Promise<void> {
  const known = targetsOf(plan).filter((one) => !isUnknown(one));
  const missing = await findMissing(
    context,
    known.map(({ target }) => target),
    open,
    within,
  ).catch((error: unknown) => {
    const { message } = asFleetError(error);
    context.notify(`Whether the application may use every schema is not known: ${message}`);
    return new Map<Target, MissingAccess>();
  });
  if (missing.size === 0) return;
  const enter = (place: Place, own: readonly Target[]) =>
    grantToApplication(place, own, (target, role) =>
      admission(target, role, missing.get(target)?.usage === true),
    );
  const { failed } = await grantEach(context, open, [...missing.keys()], {
    registered: enter,
    listed: enter,
  });
  sayGranted(context, [...missing.keys()], failed);
}

type Place = Pick<LockedTenant, "context" | "open" | "sessionFor">;

/** What is done with the targets of one tenant: of the registry, under its lock, or of any other source. */
interface Granting {
  readonly registered: (hold: LockedTenant, targets: readonly Target[]) => Promise<void>;
  readonly listed: (place: Place, targets: readonly Target[]) => Promise<void>;
}

async function grantEach(
  context: Context,
  open: OpenDatabases,
  targets: readonly Target[],
  { registered: ofRegistry, listed }: Granting,
): Promise<GrantResult> {
  const byTenant = new Map<string | undefined, Target[]>();
  for (const target of targets) {
    const own = byTenant.get(target.tenant) ?? [];
    byTenant.set(target.tenant, [...own, target]);
  }
  const waiting = [...byTenant];
  const done = new Set<string>();
  const failed: { tenant: string | undefined; error: FleetError }[] = [];
  const one = async ([tenant, own]: (typeof waiting)[number]) => {
    if (tenant === undefined || context.config.fleet.tenants !== undefined)
      return withSessions(context, open, (sessionFor) =>
        listed({ context, open, sessionFor }, own),
      );
    return withTenantLockIn(context, open, tenant, async (hold) => {
      // It may have been archived since the tenants were read.
      const record = await registeredTenant(hold);
      if (record.status !== "active") throw inactiveTenantError(record);
      // They are resolved already: to look them up again would read the whole registry for each tenant.
      hold.targets.set(tenant, own);
      await ofRegistry(hold, own);
    });
  };
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [tenant] = next;
      if (context.signal?.aborted === true) return;
      try {
        await one(next);
        if (tenant !== undefined) done.add(tenant);
      } catch (error) {
        failed.push({ tenant, error: asFleetError(error) });
      }
    }
  };
  const workers = Math.min(atOnce, context.config.fleet.concurrency);
  await Promise.all(Array.from({ length: workers }, work));
  return {
    granted: [...byTenant.keys()].flatMap((tenant) =>
      tenant !== undefined && done.has(tenant) ? tenant : [],
    ),
    failed,
  };
}

function asFleetError(error: unknown): FleetError {
  return isFleetError(error)
    ? error
    : new FleetError("onboarding", messageOf(error), { cause: error });
}

async function findMissing(
  { config }: Context,
  targets: readonly Target[],
  open: OpenDatabases,
  within: ReadIn,
): Promise<ReadonlyMap<Target, MissingAccess>> {
  const missing = new Map<Target, MissingAccess>();
  const names = [...new Set(targets.map(({ database }) => database))];
  await Promise.all(
    names.map(async (database) => {
      const application = open.applicationRoleOf(database);
      if (application === undefined) return;
      const here = targets.filter((target) => target.database === database);
      const shutOut = await within(database, async (session) => {
        const roles =
          config.fleet.roles === "shared" ? new Map() : await rolesOfTenants(session, here);
        return findMissingAccess(
          session,
          here.map(({ schema, tenant }) => ({ schema, role: roles.get(tenant) ?? application })),
          application,
          ledgerName,
        );
      });
      const bySchema = new Map(shutOut.map((one) => [one.schema, one]));
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

/** Statements that let a role in. One that may enter already has rights of its own, which are not made wider. */
function admission({ schema }: Target, role: string, usage: boolean): string[] {
  const ledger = ledgerOf(schema);
  return usage
    ? [...grantNewSchema(schema, role), ...limitToSelect(ledger, role)]
    : grantExistingSchema(schema, role, ledger);
}

function sayGranted(
  { notify }: Context,
  targets: readonly Target[],
  failed: GrantResult["failed"],
): void {
  const closed = new Set(failed.map(({ tenant }) => tenant));
  const of = (isFailed: boolean) =>
    targets.flatMap(({ tenant, schema }) => (closed.has(tenant) === isFailed ? schema : []));
  const [opened, shut] = [of(false), of(true)];
  if (opened.length > 0)
    notify(
      `The application may use ${counted(opened.length, "more schema")} now: ${some(opened)}.`,
    );
  const [first] = failed;
  if (first !== undefined)
    notify(
      `The application may still not use ${counted(shut.length, "schema")} (${some(shut)}): ${first.error.message}. ${first.error.remedy ?? ""} Then run: drizzle-fleet tenants grant --all`,
    );
}

function refuseNoRole(targets: readonly Target[], open: OpenDatabases): void {
  const without = [...new Set(targets.map(({ database }) => database))].filter(
    (name) => open.applicationRoleOf(name) === undefined,
  );
  const [name] = without;
  if (name === undefined) return;
  throw new FleetError(
    "config",
    `no role of an application is configured for database "${name}", beside the one that owns the schemas`,
    {
      where: `databases.${name}.applicationUrl`,
      remedy: "Set DB_USER_SERVER, or applicationUrl, to what programs connect as.",
    },
  );
}
