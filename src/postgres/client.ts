import type { Duplex } from "node:stream";
import pg from "pg";
import type { DatabaseAddress } from "../core/database.ts";
import { FleetError } from "../core/errors.ts";
import { refuseUnsendable } from "../core/sendable.ts";
import { tlsOf } from "./tls.ts";

export interface ClientOptions {
  /** What pg_stat_activity calls the connection. */
  readonly applicationName: string;
  readonly connectTimeoutMs: number;
}

/** What a client or a pool is made from, with the class of its clients. */
export interface FleetClientConfig extends pg.ClientConfig {
  readonly Client: typeof pg.Client;
}

/**
 * The one way from an address to the driver's settings.
 *
 * @throws FleetError `config` as `tlsOf` does, and for a URL with a NUL byte
 */
export function clientConfigOf(
  address: DatabaseAddress,
  { applicationName, connectTimeoutMs }: ClientOptions,
): FleetClientConfig {
  const { url, ssl, optional, direct } = tlsOf(address);
  refuseNul(address.name, url);
  refuseUnsendable("the application name", applicationName);
  return {
    connectionString: url,
    ssl,
    ...(direct ? { sslnegotiation: "direct" } : {}),
    application_name: applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    Client: optional ? PreferringClient : pg.Client,
  };
}

/** User, password and database travel as texts that end at a NUL byte, which a URL can spell. */
function refuseNul(database: string, url: string): void {
  if (!/%00|\0/.test(url)) return;
  throw new FleetError("config", `the URL of database "${database}" holds a NUL byte`, {
    where: `databases.${database}.url`,
    remedy: "PostgreSQL would cut the text off there. Take it out, also where it is spelled %00.",
  });
}

/** A client that prefers TLS: told that the server has none, it goes on in clear text on the same connection. */
class PreferringClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    const { connection } = this;
    connection.once("connect", () => acceptClearText(connection as DriverConnection));
  }
}

/** A member that the driver does not declare: it lets the connection read what the server sends. */
type DriverConnection = pg.Connection & { attachListeners(stream: Duplex): void };

/** Takes the driver's place as the one who hears the server's one-byte answer, which is still to come. */
function acceptClearText(connection: DriverConnection): void {
  const { stream } = connection;
  const [negotiate] = stream.listeners("data");
  if (negotiate === undefined) return;
  stream.removeAllListeners("data");
  stream.once("data", (answer: Buffer) => {
    // Longer than the one byte is somebody in between, who would slip in answers.
    if (answer.toString("latin1") !== "N") return void negotiate.call(stream, answer);
    connection.attachListeners(stream);
    connection.emit("sslconnect");
  });
}
