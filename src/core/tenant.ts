/**
 * Where a tenant stands: `provisioning` until all that belongs to it is there, `copying` as long as that comes from
 * another tenant or a file, `active`, `renaming` until all of its schemas have the new name, `archived` when its data
 * is kept and nobody works with it, `removing` until all of it is gone.
 */
export type TenantStatus =
  | "provisioning"
  | "copying"
  | "active"
  | "renaming"
  | "archived"
  | "removing";

/** A tenant as the registry has it. */
export interface TenantRecord {
  readonly id: string;
  readonly status: TenantStatus;
  /** The database that holds all that is the tenant's, where that is not its services'. */
  readonly database: string | null;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** The id that it had, while it is `renaming`. */
  readonly renamedFrom: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
