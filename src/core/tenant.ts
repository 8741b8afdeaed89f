/**
 * The state of a tenant: `provisioning` until all of its schemas and rows exist, `copying` while they are copied from
 * another tenant or a file, `active`, `renaming` until all of its schemas have the new name, `archived` while its data
 * is kept but access is revoked, `removing` until all of it is deleted.
 */
export type TenantStatus = (typeof tenantStatuses)[number];

export const tenantStatuses = [
  "provisioning",
  "copying",
  "active",
  "renaming",
  "archived",
  "removing",
] as const;

/** A tenant in the registry. */
export interface TenantRecord {
  readonly id: string;
  readonly status: TenantStatus;
  /** The database with all of the tenant's schemas, if it differs from that of the services. */
  readonly database: string | null;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** Its previous id, while it is `renaming`. */
  readonly renamedFrom: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
