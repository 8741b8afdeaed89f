import { FleetError } from "../core/errors.ts";
import { ledgerName } from "../core/ledger.ts";
import { quoteLiteral } from "../core/quoting.ts";
import type { Target } from "../core/target.ts";
import type { Lease } from "../postgres/lease.ts";
import { setRoleMembership } from "../postgres/tenant-roles.ts";
import type { Binding } from "./binding.ts";

/** The privileges that a transaction needs; null if the role or the ledger does not exist. */
interface Privileges {
  /** The role that the transaction runs as. */
  readonly name: string;
  /** The role that connected. */
  readonly login: string;
  /** Whether `login` may switch to `name`. */
  readonly role: boolean | null;
  /** Whether `name` may use the schema. */
  readonly usable: boolean | null;
  /** Whether `name` may read the ledger. */
  readonly ledger: boolean | null;
}

/**
 * Rolls back, and finds out why a transaction cannot be bound to its tenant.
 *
 * @param attempt.role SQL for the name of the role that the transaction runs as
 * @param attempt.isBound true if only the tenant's version is wrong
 */
export async function refusalError(
  lease: Lease,
  binding: Binding,
  { role, isBound }: { readonly role: string; readonly isBound: boolean },
): Promise<FleetError> {
  const [row] = await lease.begin<Privileges>([
    "ROLLBACK",
    `SELECT ${role}::text AS name, session_user::text AS login, pg_catalog.pg_has_role(r.oid, ${setRoleMembership}) AS role,
      pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE') AS usable,
      (SELECT pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT') FROM pg_catalog.pg_class c
        WHERE c.relnamespace = n.oid AND c.relname = ${quoteLiteral(ledgerName)}) AS ledger
    FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_roles r ON r.rolname = ${role}
    WHERE n.nspname = ${quoteLiteral(binding.target.schema)}`,
  ]);
  if (isBound) return tooOldError(binding);
  if (row === undefined) return noSchemaError(binding.target);
  if (row.role !== true) return noMembershipError(binding.target, row);
  if (row.usable !== true) return noUsageError(binding, row.name);
  if (row.ledger === null) return noLedgerError(binding.target);
  return tenantError(
    `role ${row.name} cannot read the ledger of ${describe(binding.target)}, so the tenant's version is unknown`,
    `Nothing was run. To grant access, run: ${grantCommand(binding.target)}`,
  );
}

function tenantError(message: string, remedy: string): FleetError {
  return new FleetError("tenant", message, { remedy });
}

function describe({ tenant, service, schema }: Target): string {
  const owner = tenant === undefined ? "" : `tenant ${tenant}, `;
  return `schema ${schema} (${owner}service ${service})`;
}

function grantCommand({ tenant }: Target): string {
  return `npx drizzle-fleet tenants grant ${tenant ?? "--all"}`;
}

function migrateCommand({ service, tenant }: Target): string {
  return `npx drizzle-fleet migrate --service ${service}${tenant === undefined ? "" : ` --tenant ${tenant}`}`;
}

function noLedgerError(target: Target): FleetError {
  return tenantError(
    `${describe(target)} has no ledger, so its version is unknown`,
    `Nothing was run. To migrate it, run: ${migrateCommand(target)}`,
  );
}

function noSchemaError(target: Target): FleetError {
  const { tenant, service, schema } = target;
  return tenantError(
    tenant === undefined
      ? `schema ${schema} of service ${service} does not exist`
      : `tenant ${tenant} has no schema ${schema} for service ${service}`,
    `Nothing was run. Check the name. To create the schema, run: ${migrateCommand(target)}`,
  );
}

function noMembershipError(target: Target, { name, login }: Privileges): FleetError {
  return tenantError(
    `role ${login} cannot switch to role ${name}, which can use ${describe(target)}`,
    `Nothing was run. To grant access, run: ${grantCommand(target)}`,
  );
}

function noUsageError({ target, registry }: Binding, role: string): FleetError {
  const grant =
    registry && target.tenant !== undefined
      ? "To check that the tenant is active, run: npx drizzle-fleet tenants list. If it is, run:"
      : "To grant access, run:";
  return tenantError(
    `role ${role} has no access to ${describe(target)}`,
    `Nothing was run. ${grant} ${grantCommand(target)}`,
  );
}

function tooOldError({ target, minVersion }: Binding): FleetError {
  const { tenant, service } = target;
  return tenantError(
    tenant === undefined
      ? `service ${service} does not have migration ${minVersion} yet`
      : `tenant ${tenant} does not have migration ${minVersion} of service ${service} yet`,
    `Nothing was run. To migrate it, run: ${migrateCommand(target)}`,
  );
}
