/** What a migration is applied to: one service of one tenant in one database. */
export interface Target {
  /** The database's name in the configuration. */
  readonly database: string;
  readonly service: string;
  /** Undefined for a service with a single schema. */
  readonly tenant: string | undefined;
  /** The name of the PostgreSQL schema, without quotes. */
  readonly schema: string;
}

/**
 * The name of a target in output.
 *
 * @returns `service/tenant`, or the service alone for a single schema
 * @example
 * targetName({ database: "main", service: "auth", tenant: "toshiba", schema: "auth_toshiba" }); // "auth/toshiba"
 */
export function targetName(target: Target): string {
  return target.tenant === undefined ? target.service : `${target.service}/${target.tenant}`;
}
