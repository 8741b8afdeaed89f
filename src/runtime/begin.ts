import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import { ledgerOf } from "../ledger/table.ts";
import type { Lease } from "../postgres/lease.ts";
import { isoDateSettings } from "../postgres/settings.ts";
import { sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import { tenantRoleName } from "../postgres/tenant-roles.ts";
import type { Binding } from "./binding.ts";
import { refusalError } from "./refusal.ts";

/**
 * Resets what an earlier user of the connection may have left. It is a transaction of its own: a transaction reads its
 * defaults (read only, isolation level) when it begins, and a rollback must not restore the old settings.
 */
function sessionReset({ applicationName }: Lease): string[] {
  return [
    "BEGIN",
    "RESET SESSION AUTHORIZATION",
    "RESET ROLE",
    "RESET ALL",
    // The driver's startup parameters. Behind a pooler, RESET ALL restores those of the pooler's connection instead.
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
 * Begins a transaction that is bound to a tenant. Sends one message.
 *
 * @param begin drizzle-orm's first statement, with isolation level and access mode
 * @throws FleetError `tenant` if the application has no access to the tenant, or if the tenant lacks `minVersion`; other
 *   errors unchanged
 */
export async function beginBound(lease: Lease, binding: Binding, begin: string): Promise<void> {
  const { schema } = binding.target;
  const role = roleName(binding);
  let row: { schema: string | null; reached: boolean } | undefined;
  try {
    [row] = await lease.begin([
      ...sessionReset(lease),
      begin,
      ...bindingStatements(binding, role),
      `SELECT pg_catalog.current_schema()::text AS schema, ${reachesMinVersion(binding)} AS reached`,
    ]);
  } catch (error) {
    if (!isAccessError(error)) throw error;
  }
  if (row?.schema === schema && row.reached) return;
  throw await refusalError(lease, binding, { role, isBound: row?.schema === schema });
}

function bindingStatements({ target, sharedSchemas, ownRole }: Binding, role: string): string[] {
  const path = [...new Set([target.schema, ...sharedSchemas])].map(quoteIdentifier).join(", ");
  return [
    // SET LOCAL ROLE accepts no expression.
    ...(ownRole ? [`SELECT pg_catalog.set_config('role', ${role}, true)`] : []),
    ...isoDateSettings,
    `SET LOCAL search_path = ${path}`,
  ];
}

/** SQL for the name of the role that a transaction runs as. */
function roleName({ target: { tenant }, ownRole }: Binding): string {
  return ownRole && tenant !== undefined ? tenantRoleName(quoteLiteral(tenant)) : "current_user";
}

/**
 * Ends a transaction, in one message. It also releases session-level advisory locks, because an idle connection in the
 * pool would make others wait for them.
 *
 * @param end COMMIT or ROLLBACK
 */
export async function endBound(lease: Lease, end: string): Promise<void> {
  await lease.script([end, "SELECT pg_catalog.pg_advisory_unlock_all()"]);
}

function reachesMinVersion({ target, minVersion }: Binding): string {
  return minVersion === undefined ? "true" : isAppliedSql(target.schema, minVersion);
}

/** SQL that is true if a migration is completely applied, according to a schema's ledger. */
export function isAppliedSql(schema: string, tag: string): string {
  return `EXISTS (SELECT FROM ${ledgerOf(schema)} WHERE tag = ${quoteLiteral(tag)} AND applied = statements)`;
}

/** True for errors that mean that the schema, its ledger or the role is missing or may not be used. */
function isAccessError(error: unknown): boolean {
  const state = sqlstateOf(error);
  return (
    state === sqlstate.invalidParameterValue ||
    state === sqlstate.undefinedTable ||
    state === sqlstate.invalidSchemaName ||
    state === sqlstate.insufficientPrivilege
  );
}
