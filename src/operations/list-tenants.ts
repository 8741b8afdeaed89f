import type { Attribute, Tenant } from "../config/schema.ts";
import { ledgerName } from "../core/ledger.ts";
import type { TargetPlan } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import type { TenantRecord, TenantStatus } from "../core/tenant.ts";
import { type Context, type OpenDatabases, withDatabases } from "../fleet/context.ts";
import { planFleet, readDatabase, readHistories, refuseUnusable } from "../fleet/plan-fleet.ts";
import { asListed, databaseOf, listing, reservedSchemas, withTenants } from "../fleet/roster.ts";
import { type Planner, planTarget } from "../plan/build.ts";
import { discoverTenants } from "../tenants/discover.ts";
import { listedTenants, resolveTargets } from "../tenants/targets.ts";

/** Which tenants to list. */
export interface TenantFilter {
  readonly statuses: readonly string[];
  /** Attributes that a tenant must have, by name; values as text. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Where a tenant stands with one service. */
export interface ServiceState {
  readonly schema: string;
  readonly database: string;
  /** False: there is no schema. */
  readonly present: boolean;
  /** The newest migration that is applied. */
  readonly current: string | undefined;
  readonly pending: number;
  /** What stands in the way of the next rollout. */
  readonly problem: string | undefined;
}

export interface ListedTenant {
  readonly id: string;
  readonly status: TenantStatus;
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly services: Readonly<Record<string, ServiceState>>;
}

/** A schema that fits a service's pattern, has a ledger, and belongs to no tenant. */
export interface OrphanSchema {
  readonly database: string;
  readonly service: string;
  readonly schema: string;
  /** The tenant that it would be. */
  readonly tenant: string;
}

export interface TenantList {
  readonly tenants: readonly ListedTenant[];
  /** How many tenants there are of each status, also those that the filter leaves out. */
  readonly counts: Readonly<Record<string, number>>;
  readonly orphans: readonly OrphanSchema[];
}

/** Lists the tenants, where each stands with every service, and schemas that belong to nobody. Changes nothing. */
export function listTenants(context: Context, filter: TenantFilter): Promise<TenantList> {
  return withRecords(context, async (known, records) => {
    const everybody = listing(known, records.flatMap(underItsNames));
    const { fleet } = everybody.config;
    const ids = listedTenants(fleet).map(({ id }) => id);
    const all = resolveTargets(fleet, ids, { services: [], tenants: [], databases: [] });
    const targets = all.filter(({ tenant }) => tenant !== undefined);
    const histories = await readHistories(everybody, targets);
    return withDatabases(everybody, Object.keys(fleet.databases), async (open) => {
      const planOne: Planner = (target, history, state) =>
        planTarget(target, history, state, { allowOutOfOrder: true });
      const planned = await planFleet(everybody, targets, histories, open, planOne, false);
      refuseUnusable(planned);
      return {
        tenants: listed(records, planned.targets, filter),
        counts: counted(records),
        orphans: await findOrphans(everybody, all, open),
      };
    });
  });
}

/** A tenant that is being renamed has schemas under its old id, too. */
function underItsNames(record: TenantRecord): Tenant[] {
  const { renamedFrom } = record;
  const now = asListed(record);
  return renamedFrom === null ? [now] : [now, { ...now, id: renamedFrom }];
}

/** The tenants of the registry, whatever their status; those of any other source are active. */
function withRecords<Result>(
  context: Context,
  use: (context: Context, records: readonly TenantRecord[]) => Promise<Result>,
): Promise<Result> {
  const { fleet } = context.config;
  if (fleet.tenants !== undefined) {
    return withTenants(context, { tenants: [] }, (known) => {
      const now = new Date();
      const records = listedTenants(known.config.fleet).map(
        ({ id, attributes, database = null }): TenantRecord => ({
          ...{ id, attributes, database, status: "active", renamedFrom: null },
          ...{ createdAt: now, updatedAt: now },
        }),
      );
      return use(known, records);
    });
  }
  const home = databaseOf(fleet);
  return withDatabases(context, [home], async (open) => {
    const { readTenants } = await import("../control/registry.ts");
    const records = await readDatabase(context, open.addressOf(home), readTenants);
    return use(context, records);
  });
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

function counted(records: readonly TenantRecord[]): Record<string, number> {
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
  // Two names of the configuration may mean one database, and two patterns may fit one schema.
  const unique = new Map(found.flat().map((orphan) => [orphan.schema, orphan]));
  const everywhere = new Set(targets.map(({ schema }) => schema));
  return [...unique.values()].filter(({ schema }) => !everywhere.has(schema));
}
