import { setTimeout as sleep } from "node:timers/promises";

import type pg from "pg";
import type { DatabaseAddress } from "../core/database.ts";
import { isFleetError, messageOf } from "../core/errors.ts";
import { refuseUnsendable, refuseUnsendableQuery } from "../core/sendable.ts";
import { destroyConnection, LostAnswerError, NotSentError, withAnswerTimeout } from "./answer.ts";
import { requestCancel } from "./cancel.ts";
import type { Channel } from "./channel.ts";
import { clientConfigOf } from "./client.ts";
import {
  connectionRefusedError,
  nonStandardStringsError,
  triggersDisabledError,
  unknownHostError,
  unreachableError,
} from "./connect-errors.ts";
import { copyIn, copyOut, type TextChunks } from "./copy.ts";
import { type Drizzle, withDrizzle } from "./drizzle.ts";
import { Script, ScriptError } from "./script.ts";
import { throwShortened } from "./server-text.ts";
import { setToolSettings } from "./settings.ts";
import { isConnectionLoss, isServerFull, isUnknownHost, sqlstate, sqlstateOf } from "./sqlstate.ts";

export interface ConnectOptions {
  /** How long to wait for a server that is starting or unreachable, in milliseconds. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** False: a server without a free connection is an error at once, see `isServerFull`. */
  readonly waitWhenFull?: boolean;
  /**
   * How long to try again with a password that is refused, in milliseconds; not at all unless given. A file may get the
   * new one only after the server.
   */
  readonly waitForPasswordMs?: number;
  /** How long the answer to a query or a script may take, in milliseconds; without it any time. See `patienceFor`. */
  readonly answerWithinMs?: number;
  /** True: a host that has no address is an error at once. */
  readonly refuseUnknownHost?: boolean;
  /** Is told why each attempt to connect failed, before another one. */
  readonly onWait?: (reason: string) => void;
  /** Is told when it is connected. */
  readonly onConnect?: () => void;
}

/** The server looks after its client this often while a statement runs; else it would not miss a killed one. */
const clientCheck: readonly [name: string, value: string] = [
  "client_connection_check_interval",
  "5s",
];

/** From this version on a role or a database may have a limit for transactions; statements have their own here. */
const transactionTimeout = { since: 170_000, setting: ["transaction_timeout", "0"] } as const;

/** A server's process for one session. The time tells it from a later one with the same id. */
export interface Backend {
  readonly pid: number;
  /** Seconds since 1970, by the server's clock, as text. */
  readonly startedAt: string;
}

/** What a server says of a new session. */
interface Greeting {
  readonly backend: number;
  /** PostgreSQL hides it where a superuser says so. */
  readonly since: string | null;
  /** As `server_version_num`, for example 150004. */
  readonly version: number;
  readonly strings: string;
  /** `session_replication_role`: anything but `origin` switches triggers and foreign keys off. */
  readonly replication: string;
}

/** How long a cancelled statement may take to end, in milliseconds. */
const cancelPatience = 5_000;

/** One connection to one database. */
export class Session implements Channel {
  readonly #client: pg.Client;
  #settings: ReadonlyMap<string, string> = new Map();
  #backend: Backend = { pid: 0, startedAt: "" };
  #lost = false;
  readonly #answerWithinMs: number;

  private constructor(client: pg.Client, answerWithinMs: number) {
    this.#client = client;
    this.#answerWithinMs = answerWithinMs;
    client.on("error", () => {
      this.#lost = true;
    });
    client.on("end", () => {
      this.#lost = true;
    });
  }

  /**
   * Connects, waiting for a server that does not answer yet.
   *
   * @throws FleetError `unreachable` with host and port when the time is over; `config` when the server
   *   refuses the user, the password, the database name or TLS, or its certificate is not to be trusted
   */
  static async connect(address: DatabaseAddress, options: ConnectOptions): Promise<Session> {
    const deadline = Date.now() + options.waitMs;
    const rotated = Date.now() + (options.waitForPasswordMs ?? 0);
    for (let delay = 100; ; delay = Math.min(delay * 2, 2_000)) {
      try {
        // One attempt that is never answered must leave time for another.
        const timeoutMs = Math.max(Math.min(deadline - Date.now(), options.waitMs / 3), 1_000);
        const session = await Session.#connectOnce(address, options, timeoutMs);
        options.onConnect?.();
        return session;
      } catch (error) {
        options.signal?.throwIfAborted();
        if (isFleetError(error)) throw error;
        const isRotating =
          sqlstateOf(error) === sqlstate.invalidPassword && Date.now() + delay < rotated;
        if (!isRotating && !isWorthWaiting(error, options))
          throw connectionRefusedError(address, error);
        if (options.refuseUnknownHost === true && isUnknownHost(error))
          throw unknownHostError(address, error);
        if (Date.now() + delay > deadline) throw unreachableError(address, options.waitMs, error);
        options.onWait?.(messageOf(error));
        await sleep(delay, undefined, { signal: options.signal });
      }
    }
  }

  static async #connectOnce(
    address: DatabaseAddress,
    { signal, answerWithinMs = Number.POSITIVE_INFINITY }: ConnectOptions,
    timeoutMs: number,
  ): Promise<Session> {
    const { Client, ...config } = clientConfigOf(address, {
      applicationName: "drizzle-fleet",
      connectTimeoutMs: timeoutMs,
    });
    const client = new Client(config);
    const session = new Session(client, answerWithinMs);
    const interrupt = () => destroyConnection(client);
    signal?.addEventListener("abort", interrupt, { once: true });
    try {
      await client.connect();
      const { strings, replication } = await withAnswerTimeout(
        client,
        session.#getToKnowTheServer(),
        timeoutMs,
      );
      if (strings === "off") throw nonStandardStringsError(address);
      if (replication !== "origin") throw triggersDisabledError(address, replication);
      return session;
    } catch (error) {
      // A client that was refused keeps its socket, and the process, until the server gives up on it.
      void client.end().catch(() => undefined);
      throw error;
    } finally {
      signal?.removeEventListener("abort", interrupt);
    }
  }

  /** Asks for the backend, and whether the client check is there, and takes our own settings: in one query. */
  async #getToKnowTheServer(): Promise<Greeting> {
    const backend = `SELECT pg_catalog.pg_backend_pid() AS backend, (SELECT extract(epoch FROM backend_start)::text
        FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid())) AS since,
      pg_catalog.current_setting('server_version_num')::integer AS version,
      pg_catalog.current_setting('standard_conforming_strings') AS strings,
      pg_catalog.current_setting('session_replication_role') AS replication, (${this.restoreSettings})`;
    const rows = await this.query<Greeting>(
      `${backend}, pg_catalog.set_config($1, $2, true)`,
      clientCheck,
    ).catch((error: unknown) => {
      // Unknown before PostgreSQL 14, refused where the server's platform cannot poll for a closed socket.
      const state = sqlstateOf(error);
      if (state !== sqlstate.undefinedObject && state !== sqlstate.invalidParameterValue)
        throw error;
      return undefined;
    });
    const [row = { backend: 0, since: null, version: 0, strings: "on", replication: "origin" }] =
      rows ?? (await this.query<Greeting>(backend));
    this.#settings = new Map([
      ...(rows === undefined ? [] : [clientCheck]),
      ...(row.version >= transactionTimeout.since ? [transactionTimeout.setting] : []),
    ]);
    this.#backend = { pid: row.backend, startedAt: row.since ?? "" };
    return row;
  }

  /**
   * A query that gives the session our own settings again, see `ownSettings`. Migrations run with those of their role:
   * what begins with RESET ALL leaves the session with them.
   */
  get restoreSettings(): string {
    return setToolSettings(this.#number("processID"));
  }

  /** Settings that every transaction of this session should have; RESET ALL takes them back. */
  get settings(): ReadonlyMap<string, string> {
    return this.#settings;
  }

  /**
   * True when a connection pooler stands between: one transaction may run on another backend than the one before
   * it, so that nothing may be kept in the session. Recognised by the process id, which a pooler makes up.
   */
  get pooled(): boolean {
    return this.#number("processID") !== this.#backend.pid;
  }

  /** The server's process, as long as the session is not pooled. */
  get backend(): Backend {
    return this.#backend;
  }

  /** True once the connection is gone: nothing more can be sent on it. */
  get lost(): boolean {
    return this.#lost;
  }

  /**
   * Runs one statement with parameters and returns its rows.
   *
   * @throws the server's error; a connection that is lost, or whose answer takes longer than `answerWithinMs`
   */
  async query<Row extends pg.QueryResultRow>(
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    if (this.#lost) throw new NotSentError();
    refuseUnsendableQuery(sql, values);
    const answer = this.#client.query<Row>(sql, [...values]);
    const { rows } = await withAnswerTimeout(this.#client, answer, this.#answerWithinMs).catch(
      throwShortened,
    );
    return rows;
  }

  /** Runs queries of Drizzle's builder, each as `query` does. Errors are as those of `query`. */
  drizzle<Result>(use: (db: Drizzle) => PromiseLike<Result>): Promise<Result> {
    return withDrizzle(this.#client, this.#answerWithinMs, use);
  }

  /**
   * Sends several statements as one message.
   *
   * @param withinMs how long the answer may take, in milliseconds
   * @throws ScriptError with the number of statements that had finished
   */
  script(sql: string, withinMs: number = this.#answerWithinMs): Promise<void> {
    if (this.#lost) return Promise.reject(new ScriptError(0, new NotSentError()));
    const answer = new Promise<void>((resolve, reject) => {
      this.#client.query(new Script(sql, resolve, reject));
    });
    return withAnswerTimeout(this.#client, answer, withinMs);
  }

  /** What a `COPY ... TO STDOUT` gives, as it comes. Nothing else can be sent until it is read to its end. */
  copyOut(sql: string): AsyncIterable<Buffer> {
    refuseUnsendable("the statement", sql);
    return copyOut(this.#client, sql);
  }

  /** Sends a text, in pieces of any length, to a `COPY ... FROM STDIN`. */
  async copyIn(sql: string, pieces: TextChunks): Promise<void> {
    refuseUnsendable("the statement", sql);
    return copyIn(this.#client, sql, pieces);
  }

  async when(condition: string, then: () => Promise<void>): Promise<void> {
    const [row] = await this.query<{ holds: boolean }>(`SELECT (${condition}) AS holds`);
    if (row?.holds === true) await then();
  }

  async each(query: string, withinMs?: number): Promise<void> {
    for (const { statement } of await this.query<{ statement: string }>(query))
      await this.script(statement, withinMs);
  }

  /**
   * Cancels what runs on this session, from outside. When the statement does not end in time, the connection is
   * closed, and what became of the statement is unknown.
   */
  async cancel(): Promise<void> {
    const { host, port } = this.#client;
    const processId = this.#number("processID");
    await requestCancel({ host, port, processId, secretKey: this.#number("secretKey") });
    const timer = setTimeout(() => void this.close(), cancelPatience);
    timer.unref();
  }

  /** A number that the driver keeps of the server's greeting, and does not declare. */
  #number(key: "processID" | "secretKey"): number {
    const value: unknown = Reflect.get(this.#client, key);
    return typeof value === "number" ? value : 0;
  }

  /** Gives up a connection whose answer does not arrive any more: what waits for it fails with this reason. */
  abandon(reason: string): void {
    destroyConnection(this.#client, new LostAnswerError(reason));
  }

  /** Ends the connection. A connection that is broken already needs no goodbye, and would not answer one. */
  async close(): Promise<void> {
    if (this.#lost) return;
    const gone = new Promise<void>((resolve) => this.#client.once("end", resolve));
    await Promise.race([this.#client.end(), gone]);
    this.#lost = true;
  }
}

/** Opens a session for the time of `use` and closes it whatever happens. */
export async function withSession<Result>(
  address: DatabaseAddress,
  options: ConnectOptions,
  use: (session: Session) => Promise<Result>,
): Promise<Result> {
  const session = await Session.connect(address, options);
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

function isWorthWaiting(error: unknown, { waitWhenFull = true }: ConnectOptions): boolean {
  return isServerFull(error) ? waitWhenFull : isConnectionLoss(error);
}
