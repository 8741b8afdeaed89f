import { readFile } from "node:fs/promises";
import type { FleetConfig, Tenant } from "../config/schema.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import type { TenantRecord, TenantStatus } from "../core/tenant.ts";
import { type Context, withDatabases } from "../fleet/context.ts";
import { readDatabase } from "../fleet/plan-fleet.ts";
import { asListed, databaseOf, inactiveTenantError, withTenants } from "../fleet/roster.ts";
import { listedTenants, resolveTargets } from "../tenants/targets.ts";

/** Where the tenants are to be kept from now on. */
export interface SwitchRequest {
  readonly to: "registry" | "list";
  /** Tenants that the registry has as active and the configuration does not have: they leave the registry. */
  readonly forget: readonly string[];
  /** Change nothing. */
  readonly dryRun: boolean;
}

/** What a switch has done, or would do. */
export interface Switched {
  readonly to: SwitchRequest["to"];
  /** The tenants as a configuration lists them. */
  readonly tenants: readonly Tenant[];
  /** Those of them that the registry did not have, and had with other attributes or another database. */
  readonly entered: readonly string[];
  readonly updated: readonly string[];
  readonly forgotten: readonly string[];
  /** Those that stay in the registry alone, because rollouts pass them by. */
  readonly staying: readonly { readonly id: string; readonly status: TenantStatus }[];
  /** The database with the registry. */
  readonly database: string;
  /** The configuration's file, and the line with its `tenants`, from 1. */
  readonly file: string;
  readonly line: number | undefined;
}

/**
 * Moves the tenants from the configuration to the registry, or back: with their attributes and databases, and
 * without losing a tenant. The configuration itself is the user's to change.
 *
 * @throws FleetError `usage` when they are there already; `tenant` when the registry and the configuration contradict
 *   each other, or the registry has tenants that are half made; then nothing is changed
 */
export async function switchTenants(context: Context, request: SwitchRequest): Promise<Switched> {
  const { config } = context;
  const line = await tenantsLine(config.file);
  // Tenants that this run alone names are not kept.
  const all = { ...context, environment: { ...context.environment, TENANTS: undefined } };
  const switched = await (request.to === "registry" ? toRegistry(all, request) : toList(all));
  return { ...switched, to: request.to, file: config.file, line };
}

type Moved = Omit<Switched, "to" | "file" | "line">;

function toRegistry(context: Context, { forget, dryRun }: SwitchRequest): Promise<Moved> {
  const { fleet } = context.config;
  if (fleet.tenants === undefined) throw alreadyThere("the registry has the tenants already");
  const database = databaseOf(withoutSource(fleet));
  return withTenants(context, { tenants: [] }, (known) => {
    const tenants = listedTenants(known.config.fleet);
    const ids = tenants.map(({ id }) => id);
    resolveTargets(known.config.fleet, ids, { services: [], tenants: [], databases: [] });
    return withDatabases(known, [database], (open) =>
      readDatabase(known, open.addressOf(database), async (session) => {
        const { updateRegistry, readTenants } = await import("../control/registry.ts");
        const records = await readTenants(session);
        refuseContradictions(records, ids, forget);
        const byId = new Map(records.map((record) => [record.id, record]));
        const entered = tenants.filter(({ id }) => !byId.has(id));
        const updated = tenants.filter((tenant) => isOther(tenant, byId.get(tenant.id)));
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
    throw alreadyThere("the configuration lists the tenants already");
  const nothing = { entered: [], updated: [], forgotten: [] };
  const database = databaseOf(withoutSource(fleet));
  if (fleet.tenants !== undefined)
    return withTenants(context, { tenants: [] }, async (known) => {
      const tenants = listedTenants(known.config.fleet);
      return { ...nothing, tenants, staying: [], database };
    });
  return withDatabases(context, [database], (open) =>
    readDatabase(context, open.addressOf(database), async (session) => {
      const { readTenants } = await import("../control/registry.ts");
      const records = await readTenants(session);
      const isKept = ({ status }: TenantRecord) => status === "active" || status === "archived";
      throwProblems(
        records.filter((record) => !isKept(record)).map(inactiveTenantError),
        "some tenants are half made",
      );
      const active = records.filter(({ status }) => status === "active");
      return { ...nothing, tenants: active.map(asListed), staying: stayingOf(records), database };
    }),
  );
}

function stayingOf(records: readonly TenantRecord[]): Moved["staying"] {
  return records.flatMap(({ id, status }) => (status === "active" ? [] : [{ id, status }]));
}

/** What the registry and the configuration say differently can be decided by a person alone. */
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
      ...idle.map((record) => listedThough(record)),
      ...(left.length > 0 ? [unlisted(left.map(({ id }) => id))] : []),
      ...forget
        .filter((id) => listed.has(id) || !known.has(id))
        .map((id) => notForgotten(id, listed.has(id))),
    ],
    "the registry and the configuration contradict each other",
  );
}

function listedThough({ id, status }: TenantRecord): FleetError {
  return new FleetError(
    "tenant",
    `tenant ${id} is ${status} in the registry, and in the configuration`,
    {
      where: "tenants",
      remedy: `Take ${id} out of the configuration: it stays ${status}. Nothing was changed.`,
    },
  );
}

function unlisted(ids: readonly string[]): FleetError {
  const flags = ids.map((id) => `--forget ${id}`).join(" ");
  return new FleetError(
    "tenant",
    `the registry has tenants as active that the configuration does not have: ${ids.join(", ")}`,
    {
      remedy: `Add them to tenants in the configuration. Or let the registry forget them; their schemas stay: drizzle-fleet tenants switch registry ${flags}`,
    },
  );
}

function notForgotten(id: string, isListed: boolean): FleetError {
  return isListed
    ? new FleetError("usage", `--forget ${id}: the configuration has this tenant`, {
        remedy: "Take the tenant out of the configuration first. Nothing was changed.",
      })
    : new FleetError("usage", `--forget ${id}: the registry has no such tenant`, {
        remedy: "Nothing was changed.",
      });
}

function asRecord({
  id,
  attributes,
  database,
}: Tenant): Pick<TenantRecord, "id" | "status" | "database" | "attributes"> {
  return { id, status: "active", database: database ?? null, attributes };
}

function isOther({ attributes, database }: Tenant, record: TenantRecord | undefined): boolean {
  if (record === undefined) return false;
  const sorted = (values: Tenant["attributes"]) => JSON.stringify(Object.entries(values).sort());
  return (database ?? null) !== record.database || sorted(attributes) !== sorted(record.attributes);
}

/** The fleet as it is when the registry says who the tenants are. */
function withoutSource(fleet: FleetConfig): FleetConfig {
  return { ...fleet, tenants: undefined };
}

function alreadyThere(message: string): FleetError {
  return new FleetError("usage", message, {
    remedy: "See them: drizzle-fleet tenants list. Nothing was changed.",
  });
}

/** The line of a configuration file that says who the tenants are, from 1. */
async function tenantsLine(file: string): Promise<number | undefined> {
  const lines = (await readFile(file, "utf8").catch(() => "")).split("\n");
  const index = lines.findIndex((line) => /^\s*(["']?)tenants\1\s*[:,(]/.test(line));
  return index < 0 ? undefined : index + 1;
}
