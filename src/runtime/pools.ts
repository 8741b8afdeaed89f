import { type Environment, resolveDatabases } from "../config/environment.ts";
import type { FleetConfig } from "../config/schema.ts";
import type { DatabaseAddress } from "../core/database.ts";
import { FleetError } from "../core/errors.ts";
import { Lease } from "../postgres/lease.ts";
import { createPool, type PoolOptions } from "../postgres/pool.ts";

type Pool = ReturnType<typeof createPool>;

/** A program's connection pools, one for each database, created when first used. */
export class Pools {
  readonly #addresses: ReadonlyMap<string, DatabaseAddress>;
  readonly #options: PoolOptions;
  readonly #pools = new Map<string, Pool>();
  #closing: Promise<void> | undefined;

  constructor(addresses: readonly DatabaseAddress[], options: PoolOptions) {
    this.#addresses = new Map(addresses.map((address) => [address.name, address]));
    this.#options = options;
  }

  /**
   * Takes a connection to a database.
   *
   * @throws FleetError `unreachable` as `Lease.take` does; `usage` after `close`
   */
  async take(database: string): Promise<Lease> {
    const address = this.#addresses.get(database);
    if (address === undefined) throw new Error(`database ${database} was not resolved`);
    if (this.#closing !== undefined) throw closedError();
    const pool = this.#pools.get(database) ?? createPool(address, this.#options);
    this.#pools.set(database, pool);
    return Lease.take(pool, address, this.#options.connectTimeoutMs);
  }

  /** Waits for running transactions, then closes all connections. */
  close(): Promise<void> {
    this.#closing ??= Promise.all([...this.#pools.values()].map((pool) => pool.end())).then(
      () => undefined,
    );
    return this.#closing;
  }
}

/**
 * The addresses of databases for the application role.
 *
 * @throws FleetError `config` if they are not configured
 */
export function applicationAddresses(
  fleet: FleetConfig,
  names: readonly string[],
  environment: Environment,
): readonly DatabaseAddress[] {
  const databases = resolveDatabases(fleet, names, environment, "application");
  if (databases.kind === "configured") return databases.addresses;
  const variables = databases.variables.join(" and ");
  throw new FleetError("config", `no database is configured: ${variables} not set`, {
    remedy: `Set ${variables}. In development, to start the program with the embedded PostgreSQL, run: npx drizzle-fleet dev -- <program>`,
  });
}

function closedError(): FleetError {
  return new FleetError("usage", "a query was sent after the fleet was closed", {
    remedy: "The query was not run. Call close() only after the last query.",
  });
}
