import type { Duplex } from "node:stream";
import type pg from "pg";
import type { DatabaseAddress, PasswordProvider } from "../core/database.ts";
import { FleetError } from "../core/errors.ts";
import { refuseUnsendable } from "../core/sendable.ts";
import { destroyConnection } from "./answer.ts";
import { driver } from "./driver.ts";
import { tlsOf } from "./tls.ts";

export interface ClientOptions {
  /** The connection's name in pg_stat_activity. */
  readonly applicationName: string;
  readonly connectTimeoutMs: number;
}

/** The driver's settings for a client or a pool, with the class of its clients. */
export interface FleetClientConfig extends pg.ClientConfig {
  readonly Client: typeof pg.Client;
}

/**
 * Translates an address to the driver's settings. Files that the address refers to are read again on each call.
 *
 * @throws FleetError `config` as `tlsOf` does, for a URL with a NUL byte, and if a file cannot be read
 */
export function clientConfigOf(
  address: DatabaseAddress,
  { applicationName, connectTimeoutMs }: ClientOptions,
): FleetClientConfig {
  const current = address.renew?.() ?? address;
  const { url, ssl, optional, direct } = tlsOf(current);
  refuseNulByte(address.name, url);
  refuseUnsendable("the application name", applicationName);
  const Client = optional ? PreferringClient : FleetClient;
  return {
    connectionString: url,
    ssl,
    ...(direct ? { sslnegotiation: "direct" } : {}),
    application_name: applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveDelayMs,
    Client: withPassword(Client, current),
  };
}

/** User, password and database are sent as NUL-terminated strings, and a URL can contain a NUL byte. */
function refuseNulByte(database: string, url: string): void {
  if (!/%00|\0/.test(url)) return;
  throw new FleetError("config", `the URL of database "${database}" contains a NUL byte`, {
    where: `databases.${database}.url`,
    remedy:
      "Remove it: PostgreSQL would truncate the text there. In a URL it can also be written as %00.",
  });
}

/**
 * A class of clients for a pool. Each new client uses the current settings of the address, or the previous ones if
 * they cannot be read: the pool cannot report that, and the server's error is clear.
 */
export function renewingClient(address: DatabaseAddress, options: ClientOptions): typeof pg.Client {
  const { Client, ...first } = clientConfigOf(address, options);
  let last: pg.ClientConfig = first;
  const renewed = () => {
    try {
      last = clientConfigOf(address, options);
    } catch {
      // The previous settings stay, as documented above.
    }
    return last;
  };
  return class extends Client {
    constructor() {
      super(renewed());
    }
  };
}

/** A client that gets its password before it connects, so that the server does not wait for it. */
function withPassword(
  Client: typeof pg.Client,
  { url, password: provider }: DatabaseAddress,
): typeof pg.Client {
  const { password, searchParams } = new URL(url);
  if (provider === undefined || password !== "" || searchParams.has("password")) return Client;
  const ask: PasswordProvider = provider;
  return class extends Client {
    override connect(): Promise<pg.Client>;
    override connect(callback: ConnectCallback): void;
    override connect(callback?: ConnectCallback): Promise<pg.Client> | undefined {
      const { host, port, user = "", database = "" } = this;
      const asked = ask({ host, port, user, database }).then((given) => {
        this.password = given;
      });
      if (callback === undefined) return asked.then(() => super.connect());
      asked.then(() => super.connect(callback), callback as (error: Error) => void);
      return undefined;
    }
  };
}

/** The callback of the driver's pool. */
type ConnectCallback = ((error: Error) => void) | ((error: null, client: pg.Client) => void);

/**
 * After this many milliseconds without traffic, TCP checks whether the other side still exists. Node.js repeats the
 * check every second, ten times. A connection that a firewall dropped is thus detected after about 15 s, even during
 * a statement that runs for hours.
 */
const keepAliveDelayMs = 5_000;

/** How long the server may take to close a connection, in milliseconds. */
const closeTimeoutMs = 2_000;

/** A client that closes its socket if the server does not confirm the end of the session. */
class FleetClient extends driver.Client {
  override end(): Promise<void>;
  override end(callback: (error: Error) => void): void;
  override end(callback?: (error: Error) => void): Promise<void> | undefined {
    const timer = setTimeout(() => destroyConnection(this), closeTimeoutMs);
    timer.unref();
    this.once("end", () => clearTimeout(timer));
    if (callback === undefined) return super.end();
    super.end(callback);
    return undefined;
  }
}

/**
 * A client that prefers TLS: if the server does not support it, the client continues in clear text on the same
 * connection.
 */
class PreferringClient extends FleetClient {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    const { connection } = this;
    connection.once("connect", () => acceptClearText(connection as DriverConnection));
  }
}

/** A member that the driver does not declare: it makes the connection read what the server sends. */
type DriverConnection = pg.Connection & { attachListeners(stream: Duplex): void };

/** Handles the server's one-byte answer to the request for TLS instead of the driver. */
function acceptClearText(connection: DriverConnection): void {
  const { stream } = connection;
  const [negotiate] = stream.listeners("data");
  if (negotiate === undefined) return;
  stream.removeAllListeners("data");
  stream.once("data", (answer: Buffer) => {
    // More than one byte means that an attacker on the network is trying to inject answers.
    if (answer.toString("latin1") !== "N") return void negotiate.call(stream, answer);
    connection.attachListeners(stream);
    connection.emit("sslconnect");
  });
}
