import pg from "pg";
import type { DatabaseAddress } from "../core/database.ts";
import { type ClientOptions, clientConfigOf, renewingClient } from "./client.ts";

export interface PoolOptions extends ClientOptions {
  /** So many connections at most. */
  readonly max: number;
  readonly idleTimeoutMs: number;
}

/**
 * A pool of connections to one database, connected as a session is. It connects when it is first asked.
 *
 * @returns the driver's pool; whoever asked for it ends it
 * @throws FleetError `config` when what the address says of TLS is wrong
 */
export function createPool(address: DatabaseAddress, options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    ...clientConfigOf(address, options),
    ...{ Client: renewingClient(address, options) },
    max: options.max,
    idleTimeoutMillis: options.idleTimeoutMs,
  });
  // An idle client that loses its connection leaves the pool by itself. Without a listener it would end the process.
  pool.on("error", () => undefined);
  return pool;
}
