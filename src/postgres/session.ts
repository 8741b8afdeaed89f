import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import type { DatabaseAddress } from "../core/database.ts";
import { isFleetError, messageOf } from "../core/errors.ts";
import { refuseUnsendable, refuseUnsendableQuery } from "../core/sendable.ts";
import { destroyConnection, LostAnswerError, NotSentError, withAnswerTimeout } from "./answer.ts";
import { requestCancel } from "./cancel.ts";
import type { Channel, PipelineOptions, Sent } from "./channel.ts";
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
import { type Backend, type Greeting, readGreeting } from "./greeting.ts";
import { queryAll } from "./query-all.ts";
import { Sender } from "./sender.ts";
import { throwShortened } from "./server-text.ts";
import { setToolSettings } from "./settings.ts";
import { isConnectionLoss, isServerFull, isUnknownHost, sqlstate, sqlstateOf } from "./sqlstate.ts";

export interface ConnectOptions {
  /** How long to wait for a server that is starting or unreachable, in milliseconds. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** False: fail at once if the server has no free connection, see `isServerFull`. */
  readonly waitWhenFull?: boolean;
  /**
   * How long to retry with a rejected password, in milliseconds; 0 by default. A password file may be updated after
   * the server.
   */
  readonly waitForPasswordMs?: number;
  /** How long the answer to a query or a script may take, in milliseconds; no limit by default. See `answerTimeout`. */
  readonly answerWithinMs?: number;
  /** True: fail at once if the host name cannot be resolved. */
  readonly refuseUnknownHost?: boolean;
  /** True: what is sent does not wait for earlier answers, see `Session.pipeline`. Such a session cannot stream rows. */
  readonly pipelined?: boolean;
  /** Called with the reason after each failed attempt that is followed by another one. */
  readonly onWait?: (reason: string) => void;
  /** Called when the session is connected. */
  readonly onConnect?: () => void;
}

/** How long a cancelled statement may take to end, in milliseconds. */
const cancelPatience = 5_000;

/** One connection to one database. */
export class Session implements Channel {
  readonly #client: pg.Client;
  #settings: Greeting["settings"] = new Map();
  #backend: Backend = { pid: 0, startedAt: "" };
  #lost = false;
  readonly #sender: Sender;
  readonly #answerWithinMs: number;

  private constructor(client: pg.Client, answerWithinMs: number) {
    this.#client = client;
    this.#answerWithinMs = answerWithinMs;
    this.#sender = new Sender(client, this, answerWithinMs);
    const lose = () => {
      this.#lost = true;
    };
    client.on("error", lose).on("end", lose);
  }

  /**
   * Connects, and waits for a server that does not answer yet.
   *
   * @throws FleetError `unreachable` with host and port after the given time; `config` if the server rejects the
   *   user, the password, the database name or TLS, or its certificate is not trusted
   */
  static async connect(address: DatabaseAddress, options: ConnectOptions): Promise<Session> {
    const deadline = Date.now() + options.waitMs;
    const rotated = Date.now() + (options.waitForPasswordMs ?? 0);
    for (let delay = 100; ; delay = Math.min(delay * 2, 2_000)) {
      try {
        // An attempt that is never answered must leave time for another one.
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
    { signal, answerWithinMs = Number.POSITIVE_INFINITY, pipelined = false }: ConnectOptions,
    timeoutMs: number,
  ): Promise<Session> {
    const { Client, ...config } = clientConfigOf(address, {
      applicationName: "drizzle-fleet",
      connectTimeoutMs: timeoutMs,
    });
    const client = new Client({ ...config, pipeline: pipelined });
    const session = new Session(client, answerWithinMs);
    const interrupt = () => destroyConnection(client);
    signal?.addEventListener("abort", interrupt, { once: true });
    try {
      await client.connect();
      const greeting = readGreeting(
        (sql, values) => session.query(sql, values),
        session.restoreSettings,
      );
      const { strings, replication, backend, settings } = await withAnswerTimeout(
        client,
        greeting,
        timeoutMs,
      );
      session.#backend = backend;
      session.#settings = settings;
      if (strings === "off") throw nonStandardStringsError(address);
      if (replication !== "origin") throw triggersDisabledError(address, replication);
      return session;
    } catch (error) {
      // A rejected client keeps its socket, and the process running, until the server closes it.
      void client.end().catch(() => undefined);
      throw error;
    } finally {
      signal?.removeEventListener("abort", interrupt);
    }
  }

  /**
   * A query that restores drizzle-fleet's own settings, see `setToolSettings`. Migrations run with the settings of
   * their role, which remain in the session after RESET ALL.
   */
  get restoreSettings(): string {
    return setToolSettings(this.#number("processID"));
  }

  /** Settings for every transaction of this session; RESET ALL reverts them. */
  get settings(): ReadonlyMap<string, string> {
    return this.#settings;
  }

  /**
   * True if the connection goes through a pooler: consecutive transactions can run on different backends, so no state
   * can be kept in the session. A pooler is recognized by the process id that it makes up.
   */
  get pooled(): boolean {
    return this.#number("processID") !== this.#backend.pid;
  }

  /** The server's process, if the session is not pooled. */
  get backend(): Backend {
    return this.#backend;
  }

  /** Number of pipelines that failed so far. It changes before their transaction is rolled back. */
  get failures(): number {
    return this.#sender.failures;
  }

  /** True when the connection is lost: nothing more can be sent on it. */
  get lost(): boolean {
    return this.#lost;
  }

  /**
   * Runs one statement with parameters and returns its rows.
   *
   * @throws the server's error; LostAnswerError or the driver's error if the connection is lost, or the answer takes
   *   longer than `answerWithinMs`
   */
  async query<Row extends pg.QueryResultRow>(
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    if (this.#lost) throw new NotSentError();
    refuseUnsendableQuery(sql, values);
    this.#sender.noteOther();
    const answer = this.#client.query<Row>(sql, [...values]);
    const { rows } = await withAnswerTimeout(this.#client, answer, this.#answerWithinMs).catch(
      throwShortened,
    );
    return rows;
  }

  /** Runs several statements as one message, and returns the rows of each. Errors and limits are those of `query`. */
  queryAll<Row extends pg.QueryResultRow>(sql: string): Promise<Row[][]> {
    this.#sender.noteOther();
    return queryAll(this.#client, this.#answerWithinMs, sql);
  }

  /** Runs queries of Drizzle's query builder. Errors and time limits are those of `query`. */
  drizzle<Result>(use: (db: Drizzle) => PromiseLike<Result>): Promise<Result> {
    this.#sender.noteOther();
    return withDrizzle(this.#client, this.#answerWithinMs, use);
  }

  /**
   * Sends several statements as one message.
   *
   * @param withinMs how long the answer may take, in milliseconds
   * @throws ScriptError with the number of completed statements
   */
  script(sql: string, withinMs?: number): Promise<void> {
    return this.#sender.script(sql, withinMs);
  }

  /**
   * Sends statements that are parsed one after another, and answered together. In a pipelined session, further ones can be
   * sent before the answer. If one fails, the transaction that it leaves open is rolled back before this returns; pipelines
   * that were sent meanwhile are not run.
   *
   * @throws ScriptError with the number of completed statements; its cause is a NotRunError if a pipeline before it failed
   */
  pipeline(statements: readonly Sent[], options: PipelineOptions = {}): Promise<void> {
    return this.#sender.pipeline(statements, { recoverAlways: this.pooled, ...options });
  }

  /** Streams the result of `COPY ... TO STDOUT`. Nothing else can be sent until it is read to the end. */
  copyOut(sql: string): AsyncIterable<Buffer> {
    refuseUnsendable("the statement", sql);
    return copyOut(this.#client, sql);
  }

  /** Streams a text to `COPY ... FROM STDIN`. */
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
   * Cancels this session's running statement, through another connection. If the statement does not end in time, the
   * session is closed, and the statement's effect is unknown.
   */
  async cancel(): Promise<void> {
    const { host, port } = this.#client;
    const processId = this.#number("processID");
    await requestCancel({ host, port, processId, secretKey: this.#number("secretKey") });
    const timer = setTimeout(() => void this.close(), cancelPatience);
    timer.unref();
  }

  /** A number from the server's greeting, which the driver keeps but does not declare. */
  #number(key: "processID" | "secretKey"): number {
    const value: unknown = Reflect.get(this.#client, key);
    return typeof value === "number" ? value : 0;
  }

  /** Closes a connection whose answer no longer arrives. Pending queries fail with this reason. */
  abandon(reason: string): void {
    destroyConnection(this.#client, new LostAnswerError(reason));
  }

  /** Ends the session. A lost connection only needs to be forgotten: it would not answer. */
  async close(): Promise<void> {
    if (this.#lost) return;
    const gone = new Promise<void>((resolve) => this.#client.once("end", resolve));
    await Promise.race([this.#client.end(), gone]);
    this.#lost = true;
  }
}

/** Opens a session for `use`, and always closes it. */
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
