import type { Context } from "../fleet/context.ts";
import { exportLocked } from "../tenancy/export.ts";
import { withTenantLock } from "../tenancy/tenant-lock.ts";

/** The tenant to export, and the file to write. */
export interface ExportRequest {
  /** The tenant id. */
  readonly tenant: string;
  /** Path of a file that does not exist yet; compressed with gzip if it ends with `.gz`. */
  readonly file: string;
}

/**
 * Writes everything that belongs to a tenant to a file: attributes, structure, rows and ledgers. Each service's part
 * shows its state at one moment.
 *
 * @throws FleetError `tenant` if the tenant is incomplete or has no schema, or if a rollout or another command is working
 *   on it; `write` if the file exists or cannot be written
 * @example
 * await exportTenant(context, { tenant: "acme", file: "acme.gz" });
 */
export function exportTenant(context: Context, { tenant, file }: ExportRequest): Promise<void> {
  return withTenantLock(context, tenant, (locked) => exportLocked(locked, file));
}
