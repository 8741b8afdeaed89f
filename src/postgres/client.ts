import type { Duplex } from "node:stream";
import pg from "pg";
import type { DatabaseAddress, PasswordProvider } from "../core/database.ts";
import { FleetError } from "../core/errors.ts";
import { refuseUnsendable } from "../core/sendable.ts";
import { destroyConnection } from "./answer.ts";
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
 * The one way from an address to the driver's settings, as the address is now: files that it comes from are read again.
 *
 * @throws FleetError `config` as `tlsOf` does, for a URL with a NUL byte, and when a file cannot be read
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

/** User, password and database travel as texts that end at a NUL byte, which a URL can spell. */
function refuseNulByte(database: string, url: string): void {
  if (!/%00|\0/.test(url)) return;
  throw new FleetError("config", `the URL of database "${database}" holds a NUL byte`, {
    where: `databases.${database}.url`,
    remedy: "PostgreSQL would cut the text off there. Take it out, also where it is spelled %00.",
  });
}

/**
 * What a pool makes its clients of: each is made with the address's settings of that moment. Where they cannot be read,
 * those from before count: the pool cannot be told, and the server says what is wrong with them.
 */
export function renewingClient(address: DatabaseAddress, options: ClientOptions): typeof pg.Client {
  const { Client, ...first } = clientConfigOf(address, options);
  let last: pg.ClientConfig = first;
  const renewed = () => {
    try {
      last = clientConfigOf(address, options);
    } catch {
      // Said above.
    }
    return last;
  };
  return class extends Client {
    constructor() {
      super(renewed());
    }
  };
}

/** A client that asks for its password before it connects, so that the server need not wait for it. */
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

/** What the driver's pool gives to be called. */
type ConnectCallback = ((error: Error) => void) | ((error: null, client: pg.Client) => void);

/**
 * TCP asks after so many silent milliseconds whether the other side is still there, and Node.js then lets it ask
 * every second, ten times. A connection that a firewall forgot is found out after some 15 s, also in a statement that
 * takes hours.
 */
const keepAliveDelayMs = 5_000;

/** How long the server may take to close a connection, in milliseconds. */
const closeTimeoutMs = 2_000;

/** A client that does not wait for a server that never answers its goodbye. */
class FleetClient extends pg.Client {
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

/** A client that prefers TLS: told that the server has none, it goes on in clear text on the same connection. */
class PreferringClient extends FleetClient {
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
