import { type Environment, resolveDatabases } from "../config/environment.ts";
import type { FleetConfig } from "../config/schema.ts";
import type { DatabaseAddress } from "../core/database.ts";
import { FleetError } from "../core/errors.ts";
import { Lease } from "../postgres/lease.ts";
import { createPool, type PoolOptions } from "../postgres/pool.ts";

type Pool = ReturnType<typeof createPool>;

/** The pools of a program, one per database, each made when it is needed. */
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
   * A connection to a database.
   *
   * @throws FleetError `unreachable` as `Lease.take` does; `usage` once the pools are closed
   */
  async take(database: string): Promise<Lease> {
    const address = this.#addresses.get(database);
    if (address === undefined) throw new Error(`database ${database} was not resolved`);
    if (this.#closing !== undefined) throw closed();
    const pool = this.#pools.get(database) ?? createPool(address, this.#options);
    this.#pools.set(database, pool);
    return Lease.take(pool, address, this.#options.connectTimeoutMs);
  }

  /** Closes all connections when what runs on them has ended. */
  close(): Promise<void> {
    this.#closing ??= Promise.all([...this.#pools.values()].map((pool) => pool.end())).then(
      () => undefined,
    );
    return this.#closing;
  }
}

/**
 * Where a program finds its databases, as the application's role.
 *
 * @throws FleetError `config` when that is not configured
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
    remedy: `Start the program by drizzle-fleet dev -- <program>, which runs a PostgreSQL meanwhile, or set ${variables}.`,
  });
}

function closed(): FleetError {
  return new FleetError("usage", "the fleet is closed, and a query came after that", {
    remedy: "Call close() when nothing is to be asked any more. The query was not run.",
  });
}
