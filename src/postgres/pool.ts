import type pg from "pg";
import type { DatabaseAddress } from "../core/database.ts";
import { type ClientOptions, clientConfigOf, renewingClient } from "./client.ts";
import { driver } from "./driver.ts";

export interface PoolOptions extends ClientOptions {
  /** The maximum number of connections. */
  readonly max: number;
  readonly idleTimeoutMs: number;
}

/**
 * Creates a pool of connections to one database, with the same settings as a session. It connects on first use.
 *
 * @returns the driver's pool; the caller must end it
 * @throws FleetError `config` if the TLS settings of the address are invalid
 */
export function createPool(address: DatabaseAddress, options: PoolOptions): pg.Pool {
  const pool = new driver.Pool({
    ...clientConfigOf(address, options),
    ...{ Client: renewingClient(address, options) },
    max: options.max,
    idleTimeoutMillis: options.idleTimeoutMs,
  });
  // A pool removes an idle client that loses its connection. Without a listener, the error event would end the
  // process.
  pool.on("error", () => undefined);
  return pool;
}
