/** database x service x tenant: the thing a migration is applied to. */
export interface Target {
  readonly database: string;
  readonly service: string;
  /** Undefined for a service that keeps a single schema. */
  readonly tenant: string | undefined;
  /** The PostgreSQL schema, unquoted. */
  readonly schema: string;
}

/** The name a person reads: `auth/toshiba`, or `ingestion` for a single schema. */
export function targetName(target: Target): string {
  return target.tenant === undefined ? target.service : `${target.service}/${target.tenant}`;
}
