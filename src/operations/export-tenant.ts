import type { Context } from "../fleet/context.ts";
import { exportLocked } from "../tenancy/export.ts";
import { withTenantLock } from "../tenancy/tenant-lock.ts";

/** Which tenant to export, and where to. */
export interface ExportRequest {
  readonly tenant: string;
  /** Path of a file that does not exist yet; compressed with gzip if it ends with `.gz`. */
  readonly file: string;
}

/**
 * Writes everything that belongs to a tenant to a file: attributes, structure, rows and ledgers. Each service's part
 * shows its state at one moment.
 *
 * @throws FleetError `tenant` for an incomplete tenant; `write` when the file exists
 * @example
 * await exportTenant(context, { tenant: "acme", file: "acme.gz" });
 */
export function exportTenant(context: Context, { tenant, file }: ExportRequest): Promise<void> {
  return withTenantLock(context, tenant, (locked) => exportLocked(locked, file));
}
