/** What a migration is applied to: a tenant of a service in a database. */
export interface Target {
  readonly database: string;
  readonly service: string;
  /** Undefined for a service with a single schema. */
  readonly tenant: string | undefined;
  /** The PostgreSQL schema, unquoted. */
  readonly schema: string;
}

/** The name in output: `auth/toshiba`, or `ingestion` for a single schema. */
export function targetName(target: Target): string {
  return target.tenant === undefined ? target.service : `${target.service}/${target.tenant}`;
}
