/**
 * Where a tenant stands: `provisioning` until all that belongs to it is there, `active`, `archived` when its data is
 * kept and nobody works with it, `removing` until all of it is gone.
 */
export type TenantStatus = "provisioning" | "active" | "archived" | "removing";

/** A tenant as the registry has it. */
export interface TenantRecord {
  readonly id: string;
  readonly status: TenantStatus;
  /** The database that holds all that is the tenant's, where that is not its services'. */
  readonly database: string | null;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
