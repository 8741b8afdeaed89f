import { FleetError } from "../core/errors.ts";
import { ledgerName } from "../core/ledger.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import type { Target } from "../core/target.ts";
import { ledgerOf } from "../ledger/table.ts";
import type { Lease } from "../postgres/lease.ts";
import { isoDateSettings } from "../postgres/settings.ts";
import { sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import { setRoleMembership, tenantRoleName } from "../postgres/tenant-roles.ts";

/** Whose data a transaction may see. */
export interface Binding {
  readonly target: Target;
  /** Schemas that come after the tenant's own on the search_path. */
  readonly sharedSchemas: readonly string[];
  /** The tag that must be applied whole; undefined: whatever the tenant has. */
  readonly minVersion: string | undefined;
  /** True: the tenant has a role of its own, which the transaction takes on. */
  readonly ownRole: boolean;
  /** True: tenants have states, in the registry, and some states shut the application out. */
  readonly registry: boolean;
}

/**
 * Takes back what an earlier user of the connection may have left. It is a transaction of its own, because a
 * transaction takes its defaults (read only, isolation) when it begins, and because a rollback must not bring
 * anything back.
 */
function cleanSlate({ applicationName }: Lease): string[] {
  return [
    "BEGIN",
    "RESET SESSION AUTHORIZATION",
    "RESET ROLE",
    "RESET ALL",
    // What the driver asked for when it connected. A pooler resets to what its own connection began with.
    "SET client_encoding = 'UTF8'",
    `SET application_name = ${quoteLiteral(applicationName)}`,
    "CLOSE ALL",
    "UNLISTEN *",
    "DISCARD TEMP",
    "DISCARD SEQUENCES",
    "SELECT pg_catalog.pg_advisory_unlock_all()",
    "COMMIT",
  ];
}

/**
 * Begins a transaction that is bound to a tenant, in one message.
 *
 * @param begin drizzle's own first statement, with isolation level and access mode
 * @throws FleetError `tenant` when the database refuses the tenant; what else went wrong as it is
 */
export async function open(lease: Lease, binding: Binding, begin: string): Promise<void> {
  const { schema } = binding.target;
  let row: { schema: string | null; reached: boolean } | undefined;
  try {
    [row] = await lease.begin([
      ...cleanSlate(lease),
      begin,
      ...bindings(binding),
      `SELECT pg_catalog.current_schema()::text AS schema, ${reached(binding)} AS reached`,
    ]);
  } catch (error) {
    if (!isAboutNames(error)) throw error;
  }
  if (row?.schema === schema && row.reached) return;
  throw await refusal(lease, binding, row?.schema === schema);
}

/** What binds a transaction to its tenant. */
function bindings(binding: Binding): string[] {
  const { target, sharedSchemas } = binding;
  const path = [...new Set([target.schema, ...sharedSchemas])].map(quoteIdentifier).join(", ");
  // SET LOCAL ROLE, which takes no expression.
  const role = `SELECT pg_catalog.set_config('role', ${roleName(binding)}, true)`;
  return [
    ...(binding.ownRole ? [role] : []),
    ...isoDateSettings,
    `SET LOCAL search_path = ${path}`,
  ];
}

/** SQL for the name of the role that a transaction works as. */
function roleName({ target: { tenant }, ownRole }: Binding): string {
  return ownRole && tenant !== undefined ? tenantRoleName(quoteLiteral(tenant)) : "current_user";
}

/** Ends a transaction, in one message. An idle connection with a lock would keep others waiting. */
export async function close(lease: Lease, end: string): Promise<void> {
  await lease.script([end, "SELECT pg_catalog.pg_advisory_unlock_all()"]);
}

function reached({ target, minVersion }: Binding): string {
  return minVersion === undefined ? "true" : hasTag(target.schema, minVersion);
}

/** SQL that is true when a schema's ledger has a migration, applied whole. */
export function hasTag(schema: string, tag: string): string {
  return `EXISTS (SELECT FROM ${ledgerOf(schema)} WHERE tag = ${quoteLiteral(tag)} AND applied = statements)`;
}

/**
 * True for the errors of a ledger that cannot be looked at: it, or its schema, is missing or may not be used; and of
 * a role that is missing, or may not be taken on.
 */
function isAboutNames(error: unknown): boolean {
  const state = sqlstateOf(error);
  return (
    state === sqlstate.invalidParameterValue ||
    state === sqlstate.undefinedTable ||
    state === sqlstate.invalidSchemaName ||
    state === sqlstate.insufficientPrivilege
  );
}

/** What a transaction may do; null where there is nothing of the kind. */
interface Permissions {
  /** The role that it works as, and the one that connected. */
  readonly name: string;
  readonly login: string;
  /** Whether the application may take on the role that the transaction works as. */
  readonly role: boolean | null;
  readonly usable: boolean | null;
  readonly ledger: boolean | null;
}

/**
 * Rolls back, and asks the database why it does not let the application in.
 *
 * @param bound true when it does, and the tenant's version is the reason
 */
async function refusal(lease: Lease, binding: Binding, bound: boolean): Promise<FleetError> {
  const schema = quoteLiteral(binding.target.schema);
  const [row] = await lease.begin<Permissions>([
    "ROLLBACK",
    `SELECT ${roleName(binding)}::text AS name, session_user::text AS login, pg_catalog.pg_has_role(r.oid, ${setRoleMembership}) AS role,
      pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE') AS usable,
      (SELECT pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT') FROM pg_catalog.pg_class c
        WHERE c.relnamespace = n.oid AND c.relname = ${quoteLiteral(ledgerName)}) AS ledger
    FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_roles r ON r.rolname = ${roleName(binding)}
    WHERE n.nspname = ${schema}`,
  ]);
  if (bound) return tooOld(binding);
  if (row === undefined) return unknown(binding.target);
  if (row.role !== true) return withoutRole(binding.target, row);
  if (row.usable !== true) return unusable(binding, row.name);
  if (row.ledger === null) return withoutLedger(binding.target);
  return new FleetError(
    "tenant",
    `role ${row.name} may not read the ledger of ${whose(binding.target)}, so the version is unknown`,
    { remedy: `Give it access: ${grantCommand(binding.target)}. Nothing was run.` },
  );
}

/** A target's schema, and whose it is. */
function whose({ tenant, service, schema }: Target): string {
  const owner = tenant === undefined ? "" : `tenant ${tenant}, `;
  return `schema ${schema} (${owner}service ${service})`;
}

function grantCommand({ tenant }: Target): string {
  return `drizzle-fleet tenants grant ${tenant ?? "--all"}`;
}

function withoutLedger(target: Target): FleetError {
  const tenant = target.tenant === undefined ? "" : ` --tenant ${target.tenant}`;
  return new FleetError("tenant", `${whose(target)} has no ledger, so its version is unknown`, {
    remedy: `Migrate it: drizzle-fleet migrate --service ${target.service}${tenant}. Nothing was run.`,
  });
}

function unknown({ tenant, service, schema }: Target): FleetError {
  return new FleetError(
    "tenant",
    tenant === undefined
      ? `there is no schema ${schema}, which service ${service} keeps`
      : `there is no tenant ${tenant} (service ${service})`,
    { remedy: `Is the name right, and has it been migrated? Nothing was run.` },
  );
}

function withoutRole(target: Target, { name, login }: Permissions): FleetError {
  return new FleetError(
    "tenant",
    `role ${login} may not take on role ${name}, which may use ${whose(target)}`,
    { remedy: `Give it access: ${grantCommand(target)}. Nothing was run.` },
  );
}

function unusable({ target, registry }: Binding, role: string): FleetError {
  const grant = `give it access: ${grantCommand(target)}. Nothing was run.`;
  return new FleetError("tenant", `role ${role} may not use ${whose(target)}`, {
    remedy:
      registry && target.tenant !== undefined
        ? `See whether the tenant is active: drizzle-fleet tenants list. If it is, ${grant}`
        : `${grant.charAt(0).toUpperCase()}${grant.slice(1)}`,
  });
}

function tooOld({ target, minVersion }: Binding): FleetError {
  return new FleetError(
    "tenant",
    target.tenant === undefined
      ? `service ${target.service} does not have ${minVersion} yet`
      : `tenant ${target.tenant} does not have ${minVersion} of service ${target.service} yet`,
    {
      remedy: `Migrate it: drizzle-fleet migrate --service ${target.service}${target.tenant === undefined ? "" : ` --tenant ${target.tenant}`}. Nothing was run.`,
    },
  );
}
