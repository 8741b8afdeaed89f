import { type FleetConfig, type Tenant, tenantList } from "../config/schema.ts";
import type { DatabaseAddress } from "../core/database.ts";
import { FleetError, isFleetError, messageOf } from "../core/errors.ts";
import { ledgerName } from "../core/ledger.ts";
import type { TenantRecord } from "../core/tenant.ts";
import { inReadOnlyTransaction } from "../postgres/rollback.ts";
import type { Session } from "../postgres/session.ts";
import { isConnectionLoss } from "../postgres/sqlstate.ts";
import { discoverTenants } from "../tenants/discover.ts";
import { type Selection, tenantsOf } from "../tenants/targets.ts";
import { type Context, withDatabases } from "./context.ts";
import { readDatabase } from "./plan-fleet.ts";
import { schemasBehind } from "./services.ts";

/**
 * Reads who the tenants are, from wherever the configuration says, and gives `use` a context that lists them. A
 * context that lists them already is given as it is.
 *
 * @throws FleetError `usage` when a named tenant is registered and not active; `config` when the source fails
 */
export async function withTenants<Result>(
  context: Context,
  { tenants: wanted }: Pick<Selection, "tenants">,
  use: (context: Context) => Promise<Result>,
): Promise<Result> {
  const { fleet } = context.config;
  const source = fleet.tenants;
  if (Array.isArray(source)) {
    sayUnlisted(context, source);
    return use(context);
  }
  if (!hasTenants(fleet)) return use(listing(context, []));
  const useListed = (tenants: readonly Tenant[]) => {
    sayUnlisted(context, tenants);
    return use(listing(context, tenants));
  };
  if (typeof source === "function") return useListed(checked(await called(source), "the function"));
  const database = databaseOf(fleet);
  // The embedded server runs on meanwhile: whoever works with the tenants needs it next.
  return withDatabases(context, [database], async (open) => {
    const address = open.addressOf(database);
    if (source === undefined) {
      const { readTenants } = await import("../control/registry.ts");
      const records = await readFrom(context, address, (session) => readTenants(session));
      return useListed(activeOf(context, records, wanted));
    }
    const read = await readFrom(context, address, async (session) =>
      "query" in source
        ? checked((await rowsOf(session, source.query)).map(fromRow), "the query")
        : (
            await discovered(fleet, source.discover, (...query) =>
              discoverTenants(session, ...query),
            )
          ).map((id): Tenant => ({ id, attributes: {} })),
    );
    return useListed(read);
  });
}

/** The configurations whose unlisted tenants were named: a command may read its tenants more than once. */
const said = new WeakSet<FleetConfig>();

/** Tenants that `TENANTS` alone names are forgotten by the next run: the run says how to keep them. */
function sayUnlisted(context: Context, tenants: readonly Tenant[]): void {
  const { config, environment, notify } = context;
  const { fleet } = config;
  if ((environment.TENANTS ?? "").trim() === "" || said.has(fleet)) return;
  said.add(fleet);
  const ids = tenants.map(({ id }) => id);
  const others = tenantsOf(fleet, environment.TENANTS).filter((id) => !ids.includes(id));
  const what = others.length === 1 ? "it" : "them";
  const keep = howToKeep(fleet.tenants, others, what);
  if (others.length === 0 || keep === undefined) return;
  notify(
    `TENANTS names ${others.join(", ")}, not among the fleet's tenants: only this run knows ${what}. To keep ${what}, ${keep}`,
  );
}

/** What adds tenants for good; undefined where their schemas do so by themselves. */
function howToKeep(
  source: FleetConfig["tenants"],
  ids: readonly string[],
  what: string,
): string | undefined {
  if (source === undefined) return `run: drizzle-fleet tenants adopt ${ids.join(" ")}`;
  if (Array.isArray(source)) return `add ${what} to tenants in the configuration.`;
  if (typeof source === "object" && "discover" in source) return undefined;
  return `add ${what} to what the configuration's tenants reads.`;
}

/** A query that says who the tenants are changes nothing; its names are looked up as the role's own are. */
function rowsOf(session: Session, query: string): Promise<Record<string, unknown>[]> {
  return inReadOnlyTransaction(session, async () => {
    await session.script("SET LOCAL search_path = DEFAULT");
    return session.query(query);
  }).catch((error: unknown) => {
    throw isConnectionLoss(error) ? error : failedSource("the query", error);
  });
}

/** Without the tenants nothing can be done, in no database: the error says what its database is needed for. */
function readFrom<Result>(
  context: Context,
  address: DatabaseAddress,
  read: (session: Session) => Promise<Result>,
): Promise<Result> {
  return readDatabase(context, address, read).catch((error: unknown) => {
    if (!isFleetError(error) || error.where === "tenants") throw error;
    throw new FleetError(
      error.code,
      `the tenants are not known, because their source cannot be read: ${error.message}`,
      { ...(error.remedy === undefined ? {} : { remedy: error.remedy }), cause: error },
    );
  });
}

/** The database that says who the tenants are: the one to ask, or the one with the registry. */
export function databaseOf(fleet: FleetConfig): string {
  const { tenants, registry, services } = fleet;
  if (typeof tenants === "object" && "query" in tenants) return tenants.database;
  const home =
    typeof tenants === "object" && "discover" in tenants
      ? services[tenants.discover]
      : Object.values(services).find(({ tenantSchema }) => tenantSchema !== undefined);
  return (tenants === undefined ? registry : undefined) ?? home?.database ?? "";
}

/** The same context, with these tenants listed. */
export function listing(context: Context, tenants: readonly Tenant[]): Context {
  const { config } = context;
  const fleet = { ...config.fleet, tenants: [...tenants] };
  said.add(fleet);
  return { ...context, config: { ...config, fleet } };
}

/** A registered tenant, as a list would have it. */
export function asListed({
  id,
  attributes,
  database,
}: Pick<TenantRecord, "id" | "attributes" | "database">): Tenant {
  return { id, attributes, database: database ?? undefined };
}

function hasTenants({ services }: FleetConfig): boolean {
  return Object.values(services).some(({ tenantSchema }) => tenantSchema !== undefined);
}

/** Only who is active takes part; who is named and is not must hear of it. */
function activeOf(
  context: Context,
  records: readonly TenantRecord[],
  wanted: readonly string[],
): Tenant[] {
  const active = records.filter(({ status }) => status === "active");
  const named = [
    ...wanted,
    ...tenantsOf(listing(context, []).config.fleet, context.environment.TENANTS),
  ];
  const idle = records.find(
    ({ id, status, renamedFrom }) =>
      status !== "active" && (named.includes(id) || named.includes(renamedFrom ?? "")),
  );
  if (idle !== undefined) throw inactiveTenantError(idle);
  return active.map(asListed);
}

/**
 * Makes sure that a tenant is there as a whole.
 *
 * @throws FleetError `tenant`
 */
export function refuseIncomplete(record: TenantRecord): void {
  if (record.status !== "active" && record.status !== "archived") throw inactiveTenantError(record);
}

/** What to do about a tenant that takes no part. */
export function inactiveTenantError({ id, status, renamedFrom }: TenantRecord): FleetError {
  const [state, remedy] = {
    active: ["active", "It takes part in everything."],
    copying: [
      "still being copied",
      `Run the same clone or import again, which begins anew. Or clear it away: drizzle-fleet tenants remove ${id}`,
    ],
    renaming: [
      `still being renamed, from ${renamedFrom}`,
      `Bring it to its end: drizzle-fleet tenants rename ${renamedFrom} ${id}. Or take it back: drizzle-fleet tenants rename ${id} ${renamedFrom}`,
    ],
    provisioning: [
      "still being set up",
      `Bring it to its end: drizzle-fleet tenants add ${id}. Or clear it away: drizzle-fleet tenants remove ${id}`,
    ],
    archived: ["archived", `Bring it back: drizzle-fleet tenants restore ${id}`],
    removing: ["being removed", `Bring that to its end: drizzle-fleet tenants remove ${id}`],
  }[status];
  return new FleetError("tenant", `tenant ${id} is ${state}`, { remedy: remedy ?? "" });
}

async function called(source: () => unknown): Promise<unknown> {
  try {
    return await source();
  } catch (error) {
    throw failedSource("the function", error);
  }
}

function failedSource(what: string, cause: unknown): FleetError {
  return new FleetError("config", `${what} that gives the tenants failed: ${messageOf(cause)}`, {
    where: "tenants",
    remedy: "Correct it in the configuration. Nothing was changed.",
    cause,
  });
}

function checked(given: unknown, what: string): Tenant[] {
  const result = tenantList.safeParse(given);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
  throw new FleetError("config", `${what} gives no list of tenants: ${issue?.message}${place}`, {
    where: "tenants",
    remedy: "Each must be an id, or { id, attributes, database }.",
  });
}

function fromRow(row: Record<string, unknown>): unknown {
  const { id = Object.values(row)[0], database, ...rest } = row;
  const isAttribute = (value: unknown) => ["string", "number", "boolean"].includes(typeof value);
  const attributes = Object.entries(rest).filter(
    ([key, value]) => isAttribute(value) && key !== "id",
  );
  return {
    id: typeof id === "number" ? String(id) : id,
    attributes: Object.fromEntries(attributes),
    ...(typeof database === "string" ? { database } : {}),
  };
}

type Discover = (
  pattern: string,
  tables: readonly string[],
  others: readonly string[],
) => Promise<string[]>;

function discovered(fleet: FleetConfig, service: string, discover: Discover): Promise<string[]> {
  const pattern = fleet.services[service]?.tenantSchema ?? "";
  return discover(pattern, [ledgerName], reservedSchemas(fleet));
}

/** Schemas that are no tenant's, whatever patterns they fit. */
export function reservedSchemas(fleet: FleetConfig): string[] {
  return Object.values(fleet.services).flatMap((config) => [
    ...schemasBehind(config),
    ...(config.singleSchema === undefined ? [] : [config.singleSchema]),
  ]);
}
