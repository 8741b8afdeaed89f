import type { Attribute, Tenant } from "../config/schema.ts";
import { ledgerName } from "../core/ledger.ts";
import type { TargetPlan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import type { TenantRecord, TenantStatus } from "../core/tenant.ts";
import type { Context } from "../fleet/context.ts";
import { type OpenDatabases, withDatabases } from "../fleet/databases.ts";
import { readHistories } from "../fleet/open-fleet.ts";
import { planFleet, refuseUnusable } from "../fleet/plan-fleet.ts";
import { readDatabase } from "../fleet/read-database.ts";
import { sourceDatabase, withRoster } from "../fleet/roster.ts";
import { reservedSchemas } from "../fleet/services.ts";
import { planTarget } from "../plan/migrate.ts";
import type { Planner } from "../plan/targets.ts";
import { discoverTenants } from "../tenants/discover.ts";
import { asListed } from "../tenants/records.ts";
import { rosterOf } from "../tenants/roster.ts";
import { resolveTargets } from "../tenants/targets.ts";

/** Conditions for the tenants to list; all of them must be met. */
export interface TenantFilter {
  /** Empty: any status. */
  readonly statuses: readonly string[];
  /** Attributes that a tenant must have, by name; values as text. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** The state of a tenant with one service. */
export interface ServiceState {
  readonly schema: string;
  readonly database: string;
  /** False: the schema does not exist. */
  readonly present: boolean;
  /** The tag of the newest applied migration. */
  readonly current: string | undefined;
  /** The number of pending migrations. */
  readonly pending: number;
  /** The problem that prevents the next rollout. */
  readonly problem: string | undefined;
}

export interface ListedTenant {
  readonly id: string;
  readonly status: TenantStatus;
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly services: Readonly<Record<string, ServiceState>>;
}

/** A schema that matches a service's pattern, has a ledger, and belongs to no tenant. */
export interface OrphanSchema {
  readonly database: string;
  readonly service: string;
  readonly schema: string;
  /** The tenant id in its name. */
  readonly tenant: string;
}

export interface TenantList {
  readonly tenants: readonly ListedTenant[];
  /** How many tenants have each status, including those that the filter leaves out. */
  readonly counts: Readonly<Record<string, number>>;
  readonly orphans: readonly OrphanSchema[];
}

/**
 * Lists the tenants, the state of each with every service, and schemas that belong to no tenant. Changes nothing.
 *
 * @param filter leaves out tenants, but not their number in `counts`
 * @returns tenants in the order of the fleet, the number of tenants with each status, and orphaned schemas
 * @throws FleetError `journal` for damaged migrations on disk; `unreachable` if a database cannot be reached
 * @example
 * const { tenants } = await listTenants(context, { statuses: ["active"], attributes: { plan: "gold" } });
 */
export function listTenants(context: Context, filter: TenantFilter): Promise<TenantList> {
  return withRecords(context, async (records) => {
    const { fleet } = context.config;
    const roster = rosterOf(records.flatMap(underItsNames));
    const all = resolveTargets(fleet, roster);
    const targets = all.filter(({ tenant }) => tenant !== undefined);
    const histories = await readHistories(context, targets);
    return withDatabases(context, Object.keys(fleet.databases), async (open) => {
      const planOne: Planner = (target, history, state, facts) =>
        planTarget(target, history, state, { allowOutOfOrder: true, facts });
      const selected = { context, roster, targets, histories, open };
      const planned = await planFleet(selected, planOne, { purpose: "look" });
      refuseUnusable(planned);
      return {
        tenants: listed(records, planned.plans, filter),
        counts: countsByStatus(records),
        orphans: await findOrphans(context, all, open),
      };
    });
  });
}

/** A tenant that is being renamed also has schemas under its old id. */
function underItsNames(record: TenantRecord): Tenant[] {
  const { renamedFrom } = record;
  const now = asListed(record);
  return renamedFrom === null ? [now] : [now, { ...now, id: renamedFrom }];
}

/** Reads the tenants of the registry, with any status. Tenants of other sources count as active. */
function withRecords<Result>(
  context: Context,
  use: (records: readonly TenantRecord[]) => Promise<Result>,
): Promise<Result> {
  const { fleet } = context.config;
  if (fleet.tenants !== undefined)
    return withRoster(context, { tenants: [] }, ({ listed: tenants }) =>
      use(tenants.map(activeRecord)),
    );
  const home = sourceDatabase(fleet);
  return withDatabases(context, [home], async (open) => {
    const { readTenants } = await import("../control/registry.ts");
    return use(await readDatabase(context, open.addressOf(home), readTenants));
  });
}

function activeRecord({ id, attributes, database }: Tenant): TenantRecord {
  const now = new Date();
  return {
    ...{ id, attributes, database: database ?? null, status: "active" },
    ...{ renamedFrom: null, createdAt: now, updatedAt: now },
  };
}

function listed(
  records: readonly TenantRecord[],
  plans: readonly TargetPlan[],
  { statuses, attributes }: TenantFilter,
): ListedTenant[] {
  const byTenant = new Map<string, Record<string, ServiceState>>();
  for (const { target, current, pending, problems, create } of plans) {
    const id = target.tenant ?? "";
    const services = byTenant.get(id) ?? {};
    byTenant.set(id, services);
    services[target.service] = {
      ...{ schema: target.schema, database: target.database, current, pending },
      present: create !== "schemaAndLedger",
      problem: problems[0]?.message,
    };
  }
  const fits = ({ status, attributes: own }: TenantRecord) =>
    (statuses.length === 0 || statuses.includes(status)) &&
    Object.entries(attributes).every(([name, value]) => String(own[name]) === value);
  return records.filter(fits).map(({ id, status, attributes: own }) => ({
    ...{ id, status, attributes: own },
    services: byTenant.get(id) ?? {},
  }));
}

function countsByStatus(records: readonly TenantRecord[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of records) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

async function findOrphans(
  context: Context,
  targets: readonly Target[],
  open: OpenDatabases,
): Promise<OrphanSchema[]> {
  const { services, databases } = context.config.fleet;
  const owned = new Set(targets.map(({ database, schema }) => JSON.stringify([database, schema])));
  const perTenant = Object.entries(services).flatMap(([service, { tenantSchema }]) =>
    tenantSchema === undefined ? [] : [{ service, pattern: tenantSchema }],
  );
  const reserved = reservedSchemas(context.config.fleet);
  const found = await Promise.all(
    Object.keys(databases).map((database) =>
      readDatabase(context, open.addressOf(database), async (session) => {
        const orphans: OrphanSchema[] = [];
        for (const { service, pattern } of perTenant)
          for (const tenant of await discoverTenants(session, pattern, [ledgerName], reserved)) {
            const schema = pattern.replace("{tenant}", () => tenant);
            if (!owned.has(JSON.stringify([database, schema])))
              orphans.push({ database, service, schema, tenant });
          }
        return orphans;
      }),
    ),
  );
  // Two configured names can lead to the same database, and two patterns can match the same schema.
  const unique = new Map(found.flat().map((orphan) => [orphan.schema, orphan]));
  const everywhere = new Set(targets.map(({ schema }) => schema));
  return [...unique.values()].filter(({ schema }) => !everywhere.has(schema));
}
