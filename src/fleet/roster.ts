import { type FleetConfig, type Tenant, tenantList } from "../config/schema.ts";
import type { DatabaseAddress } from "../core/database.ts";
import { FleetError, isFleetError, messageOf } from "../core/errors.ts";
import { ledgerName } from "../core/ledger.ts";
import type { TenantRecord } from "../core/tenant.ts";
import { inReadOnlyTransaction } from "../postgres/rollback.ts";
import type { Session } from "../postgres/session.ts";
import { isConnectionLoss } from "../postgres/sqlstate.ts";
import { discoverTenants } from "../tenants/discover.ts";
import { asListed, inactiveTenantError } from "../tenants/records.ts";
import { namedIn, type Roster, rosterOf } from "../tenants/roster.ts";
import type { Selection } from "../tenants/targets.ts";
import { type Context, notifyOnce } from "./context.ts";
import { withDatabases } from "./databases.ts";
import { readDatabase } from "./read-database.ts";
import { reservedSchemas } from "./services.ts";

/**
 * Reads the tenants from the configured source and gives `use` the roster of the run.
 *
 * @param selection the tenants that the command names
 * @throws FleetError `usage` if `TENANTS` is set but names no tenant; `tenant` if a named tenant is registered but
 *   not active; `config` if the source fails
 */
export function withRoster<Result>(
  context: Context,
  { tenants: wanted }: Pick<Selection, "tenants">,
  use: (roster: Roster) => Promise<Result>,
): Promise<Result> {
  return withListed(context, wanted, async (listed) => {
    const roster = rosterOf(listed, context.environment.TENANTS);
    noteUnlisted(context, roster);
    return use(roster);
  });
}

/** Gives `use` the tenants of the source. The embedded server keeps running for it, because `use` needs it next. */
async function withListed<Result>(
  context: Context,
  wanted: readonly string[],
  use: (listed: readonly Tenant[]) => Promise<Result>,
): Promise<Result> {
  const { fleet } = context.config;
  const source = fleet.tenants;
  if (Array.isArray(source)) return use(source);
  if (!hasTenants(fleet)) return use([]);
  if (typeof source === "function") return use(parsed(await called(source), "the function"));
  const database = sourceDatabase(fleet);
  return withDatabases(context, [database], async (open) =>
    use(
      await readFrom(context, open.addressOf(database), async (session) => {
        if (source === undefined) {
          const { readTenants } = await import("../control/registry.ts");
          return activeOf(context, await readTenants(session), wanted);
        }
        return "query" in source
          ? parsed((await rowsOf(session, source.query)).map(fromRow), "the query")
          : discovered(session, fleet, source.discover);
      }),
    ),
  );
}

/** Tells the user how to add tenants that only `TENANTS` names, because the next run does not know them. */
function noteUnlisted(context: Context, { listed, ids }: Roster): void {
  if (namedIn(context.environment.TENANTS).length === 0) return;
  const known = new Set(listed.map(({ id }) => id));
  const others = ids.filter((id) => !known.has(id));
  const which = others.length === 1 ? "which is" : "which are";
  const them = others.length === 1 ? "it" : "them";
  const keep = howToKeep(context.config.fleet.tenants, others, them);
  if (others.length === 0 || keep === undefined) return;
  notifyOnce(
    context,
    `TENANTS names ${others.join(", ")}, ${which} not among the fleet's tenants: only this run includes ${them}. To keep ${them}, ${keep}`,
  );
}

/** How to add tenants permanently; undefined if the source finds tenants by their schemas. */
function howToKeep(
  source: FleetConfig["tenants"],
  ids: readonly string[],
  them: string,
): string | undefined {
  if (source === undefined) return `run: npx drizzle-fleet tenants adopt ${ids.join(" ")}`;
  if (Array.isArray(source)) return `add ${them} to tenants in the configuration.`;
  if (typeof source === "object" && "discover" in source) return undefined;
  return `add ${them} to the source that tenants reads in the configuration.`;
}

/** The query for tenants must not change anything. It looks up names on the role's own search_path. */
function rowsOf(session: Session, query: string): Promise<Record<string, unknown>[]> {
  return inReadOnlyTransaction(session, async () => {
    await session.script("SET LOCAL search_path = DEFAULT");
    return session.query(query);
  }).catch((error: unknown) => {
    throw isConnectionLoss(error) ? error : sourceFailedError("the query", error);
  });
}

/** No target is known without the tenants, so the error says why this database was needed. */
function readFrom<Result>(
  context: Context,
  address: DatabaseAddress,
  read: (session: Session) => Promise<Result>,
): Promise<Result> {
  return readDatabase(context, address, read).catch((error: unknown) => {
    if (!isFleetError(error) || error.where === "tenants" || error.code === "tenant") throw error;
    throw new FleetError(error.code, `the list of tenants cannot be read: ${error.message}`, {
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
      cause: error,
    });
  });
}

/** The database that the tenants are read from: the one that is queried, or the one with the registry. */
export function sourceDatabase({ tenants, registry, services }: FleetConfig): string {
  if (typeof tenants === "object" && "query" in tenants) return tenants.database;
  const home =
    typeof tenants === "object" && "discover" in tenants
      ? services[tenants.discover]
      : Object.values(services).find(({ tenantSchema }) => tenantSchema !== undefined);
  return (tenants === undefined ? registry : undefined) ?? home?.database ?? "";
}

function hasTenants({ services }: FleetConfig): boolean {
  return Object.values(services).some(({ tenantSchema }) => tenantSchema !== undefined);
}

/** Only active tenants take part. Naming one that is not active is an error, not a silent skip. */
function activeOf(
  { environment }: Context,
  records: readonly TenantRecord[],
  wanted: readonly string[],
): Tenant[] {
  const named = [...wanted, ...namedIn(environment.TENANTS)];
  const idle = records.find(
    ({ id, status, renamedFrom }) =>
      status !== "active" && (named.includes(id) || named.includes(renamedFrom ?? "")),
  );
  if (idle !== undefined) throw inactiveTenantError(idle);
  return records.filter(({ status }) => status === "active").map(asListed);
}

async function called(source: () => unknown): Promise<unknown> {
  try {
    return await source();
  } catch (error) {
    throw sourceFailedError("the function", error);
  }
}

function sourceFailedError(what: string, cause: unknown): FleetError {
  return new FleetError("config", `${what} that lists the tenants failed: ${messageOf(cause)}`, {
    where: "tenants",
    remedy: "Nothing was changed. Correct it in the configuration.",
    cause,
  });
}

function parsed(given: unknown, what: string): Tenant[] {
  const result = tenantList.safeParse(given);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
  throw new FleetError(
    "config",
    `${what} does not return a list of tenants: ${issue?.message}${place}`,
    { where: "tenants", remedy: "Each tenant must be an id or { id, attributes, database }." },
  );
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

async function discovered(
  session: Session,
  fleet: FleetConfig,
  service: string,
): Promise<Tenant[]> {
  const pattern = fleet.services[service]?.tenantSchema ?? "";
  const ids = await discoverTenants(session, pattern, [ledgerName], reservedSchemas(fleet));
  return ids.map((id) => ({ id, attributes: {} }));
}
