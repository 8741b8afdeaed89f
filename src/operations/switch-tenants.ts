import { readFile } from "node:fs/promises";
import type { FleetConfig, Tenant } from "../config/schema.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import type { TenantRecord, TenantStatus } from "../core/tenant.ts";
import type { Context } from "../fleet/context.ts";
import { withDatabases } from "../fleet/databases.ts";
import { readDatabase } from "../fleet/read-database.ts";
import { sourceDatabase, withRoster } from "../fleet/roster.ts";
import { asListed, inactiveTenantError } from "../tenants/records.ts";
import { resolveTargets } from "../tenants/targets.ts";

/** The new source of the tenants. */
export interface SwitchRequest {
  readonly to: "registry" | "list";
  /** Ids of active tenants to delete from the registry because the configuration does not list them. */
  readonly forget: readonly string[];
  /** True: change nothing. */
  readonly dryRun: boolean;
}

/** The result of a switch, or of a dry run. */
export interface Switched {
  readonly to: SwitchRequest["to"];
  /** The tenants in the form of a configured list. */
  readonly tenants: readonly Tenant[];
  /** Ids of tenants added to the registry. */
  readonly entered: readonly string[];
  /** Ids of tenants whose attributes or database changed in the registry. */
  readonly updated: readonly string[];
  /** Ids of tenants deleted from the registry. */
  readonly forgotten: readonly string[];
  /** Tenants that are only in the registry, because they do not take part in rollouts. */
  readonly staying: readonly { readonly id: string; readonly status: TenantStatus }[];
  /** The database with the registry. */
  readonly database: string;
  /** The path of the configuration file. */
  readonly file: string;
  /** The line with `tenants`, from 1; undefined if it was not found. */
  readonly line: number | undefined;
}

/**
 * Copies the tenants from the configuration to the registry, or back, with their attributes and databases. It never
 * edits the configuration: the user finishes the switch there.
 *
 * @throws FleetError `usage` if the tenants are already there; `tenant` if the registry and the configuration contradict
 *   each other, or if the registry has incomplete tenants. Then nothing is changed
 */
export async function switchTenants(context: Context, request: SwitchRequest): Promise<Switched> {
  const { config } = context;
  const line = await tenantsLine(config.file);
  // TENANTS applies to a single command.
  const all = { ...context, environment: { ...context.environment, TENANTS: undefined } };
  const switched = await (request.to === "registry" ? toRegistry(all, request) : toList(all));
  return { ...switched, to: request.to, file: config.file, line };
}

type Moved = Omit<Switched, "to" | "file" | "line">;

function toRegistry(context: Context, { forget, dryRun }: SwitchRequest): Promise<Moved> {
  const { fleet } = context.config;
  if (fleet.tenants === undefined)
    throw alreadySwitchedError("the tenants are already in the registry");
  const database = sourceDatabase(withoutSource(fleet));
  return withRoster(context, { tenants: [] }, (roster) => {
    const { listed: tenants, ids } = roster;
    resolveTargets(fleet, roster);
    return withDatabases(context, [database], (open) =>
      readDatabase(context, open.addressOf(database), async (session) => {
        const { updateRegistry, readTenants } = await import("../control/registry.ts");
        const records = await readTenants(session);
        refuseContradictions(records, ids, forget);
        const byId = new Map(records.map((record) => [record.id, record]));
        const entered = tenants.filter(({ id }) => !byId.has(id));
        const updated = tenants.filter((tenant) => isChanged(tenant, byId.get(tenant.id)));
        if (!dryRun) await updateRegistry(session, [...entered, ...updated].map(asRecord), forget);
        return {
          ...{ tenants, database, forgotten: forget, staying: stayingOf(records) },
          ...{ entered: entered.map(({ id }) => id), updated: updated.map(({ id }) => id) },
        };
      }),
    );
  });
}

async function toList(context: Context): Promise<Moved> {
  const { fleet } = context.config;
  if (Array.isArray(fleet.tenants))
    throw alreadySwitchedError("the configuration already lists the tenants");
  const nothing = { entered: [], updated: [], forgotten: [] };
  const database = sourceDatabase(withoutSource(fleet));
  if (fleet.tenants !== undefined)
    return withRoster(context, { tenants: [] }, async ({ listed: tenants }) => ({
      ...{ ...nothing, tenants, staying: [], database },
    }));
  return withDatabases(context, [database], (open) =>
    readDatabase(context, open.addressOf(database), async (session) => {
      const { readTenants } = await import("../control/registry.ts");
      const records = await readTenants(session);
      const isComplete = ({ status }: TenantRecord) => status === "active" || status === "archived";
      throwProblems(
        records.filter((record) => !isComplete(record)).map(inactiveTenantError),
        "some tenants are incomplete",
      );
      const active = records.filter(({ status }) => status === "active");
      return { ...nothing, tenants: active.map(asListed), staying: stayingOf(records), database };
    }),
  );
}

function stayingOf(records: readonly TenantRecord[]): Moved["staying"] {
  return records.flatMap(({ id, status }) => (status === "active" ? [] : [{ id, status }]));
}

/** Refuses contradictions between registry and configuration, which only the user can resolve. */
function refuseContradictions(
  records: readonly TenantRecord[],
  ids: readonly string[],
  forget: readonly string[],
): void {
  const listed = new Set(ids);
  const idle = records.filter(
    ({ id, status, renamedFrom }) =>
      status !== "active" && (listed.has(id) || listed.has(renamedFrom ?? "")),
  );
  const left = records.filter(
    ({ id, status }) => status === "active" && !listed.has(id) && !forget.includes(id),
  );
  const known = new Set(records.map(({ id }) => id));
  throwProblems(
    [
      ...idle.map((record) => listedButInactiveError(record)),
      ...(left.length > 0 ? [unlistedError(left.map(({ id }) => id))] : []),
      ...forget
        .filter((id) => listed.has(id) || !known.has(id))
        .map((id) => forgetError(id, listed.has(id))),
    ],
    "the registry and the configuration contradict each other",
  );
}

function listedButInactiveError(record: TenantRecord): FleetError {
  const { id, status } = record;
  return new FleetError(
    "tenant",
    `tenant ${id} is ${status} in the registry but listed in the configuration`,
    {
      where: "tenants",
      remedy:
        status === "archived"
          ? `Nothing was changed. Remove ${id} from the configuration; it remains archived.`
          : `Nothing was changed. ${inactiveTenantError(record).remedy}`,
    },
  );
}

function unlistedError(ids: readonly string[]): FleetError {
  const flags = ids.map((id) => `--forget ${id}`).join(" ");
  return new FleetError(
    "tenant",
    `the registry has active tenants that the configuration does not list: ${ids.join(", ")}`,
    {
      remedy: `Nothing was changed. Add them to tenants in the configuration. To delete them from the registry instead, and keep their schemas, run: npx drizzle-fleet tenants switch registry ${flags}`,
    },
  );
}

function forgetError(id: string, isListed: boolean): FleetError {
  return isListed
    ? new FleetError("usage", `--forget ${id}: the configuration lists this tenant`, {
        remedy: "Nothing was changed. First remove the tenant from the configuration.",
      })
    : new FleetError("usage", `--forget ${id}: the registry does not contain this tenant`, {
        remedy: "Nothing was changed. To see the tenants, run: npx drizzle-fleet tenants list",
      });
}

function asRecord({
  id,
  attributes,
  database,
}: Tenant): Pick<TenantRecord, "id" | "status" | "database" | "attributes"> {
  return { id, status: "active", database: database ?? null, attributes };
}

function isChanged({ attributes, database }: Tenant, record: TenantRecord | undefined): boolean {
  if (record === undefined) return false;
  const sorted = (values: Tenant["attributes"]) => JSON.stringify(Object.entries(values).sort());
  return (database ?? null) !== record.database || sorted(attributes) !== sorted(record.attributes);
}

/** The same fleet with its tenants in the registry. */
function withoutSource(fleet: FleetConfig): FleetConfig {
  return { ...fleet, tenants: undefined };
}

function alreadySwitchedError(message: string): FleetError {
  return new FleetError("usage", message, {
    remedy: "Nothing was changed. To see them, run: npx drizzle-fleet tenants list",
  });
}

/** The line of a configuration file that contains `tenants`, from 1. */
async function tenantsLine(file: string): Promise<number | undefined> {
  const lines = (await readFile(file, "utf8").catch(() => "")).split("\n");
  const index = lines.findIndex((line) => /^\s*(["']?)tenants\1\s*[:,(]/.test(line));
  return index < 0 ? undefined : index + 1;
}
