import { setTimeout as sleep } from "node:timers/promises";
import type { CustomTypesConfig, Pool, PoolClient, QueryResult } from "pg";
import { type DatabaseAddress, locationOf } from "../core/database.ts";
import { FleetError, messageOf } from "../core/errors.ts";
import { refuseUnsendable } from "../core/sendable.ts";
import { answerTimeout, withAnswerTimeout } from "./answer.ts";
import { isConnectionLoss, isServerFull } from "./sqlstate.ts";

/** A statement as drizzle-orm passes it to its driver. */
export interface Query {
  readonly text: string;
  readonly rowMode?: "array" | undefined;
  readonly types?: CustomTypesConfig | undefined;
}

/** Connections that were used before, which the server may have closed since. */
const usedClients = new WeakSet<PoolClient>();

/** How long a reused connection may take to begin a transaction, in milliseconds. After that, another one is tried. */
const reusedTimeoutMs = 5_000;

/** A connection from a pool, for one transaction. */
export class Lease {
  readonly #client: PoolClient;
  /** The connection's name in pg_stat_activity. */
  readonly applicationName: string;
  /** True if the connection was used before. */
  readonly reused: boolean;
  readonly #beginWithinMs: number;
  #lost = false;
  // While a connection is leased, the pool has no listener on it, and an unhandled error event ends the process.
  readonly #lose = () => {
    this.#lost = true;
  };

  private constructor(client: PoolClient, applicationName: string, waitMs: number) {
    this.#client = client;
    this.applicationName = applicationName;
    this.reused = usedClients.has(client);
    this.#beginWithinMs = this.reused ? reusedTimeoutMs : answerTimeout(waitMs);
    usedClients.add(client);
    client.on("error", this.#lose);
  }

  /**
   * Takes a connection from the pool. It waits for a free one, and for a server that does not answer yet.
   *
   * @param waitMs how long to wait, in milliseconds
   * @throws FleetError `unreachable` after that time; the server's own error if it rejects the user, the password or
   *   the database
   */
  static async take(pool: Pool, address: DatabaseAddress, waitMs: number): Promise<Lease> {
    const deadline = Date.now() + waitMs;
    const inUrl = new URL(address.url).searchParams.get("application_name");
    const applicationName = inUrl ?? pool.options.application_name ?? "";
    for (let delay = 100; ; delay = Math.min(delay * 2, 2_000)) {
      try {
        return new Lease(await pool.connect(), applicationName, waitMs);
      } catch (error) {
        if (isPoolBusy(error)) throw poolBusyError(pool, address, waitMs, error);
        if (!isConnectionLoss(error) && !isServerFull(error)) throw error;
        if (Date.now() + delay > deadline) throw poolUnreachableError(address, waitMs, error);
        await sleep(delay);
      }
    }
  }

  /** True when the connection is lost. */
  get lost(): boolean {
    return this.#lost;
  }

  /** The transaction status in the server's last complete answer. An error is reported before that answer. */
  get inTransaction(): boolean {
    return this.#client.getTransactionStatus() !== "I";
  }

  /**
   * Runs a statement of the application.
   *
   * @param single true: the server refuses a text with several statements
   */
  query(query: Query, values: readonly unknown[], single: boolean): Promise<QueryResult> {
    // Never a named statement: it would be bound to one tenant's column types.
    const { text, rowMode, types } = query;
    refuseUnsendable("the statement", text);
    const mode = single ? { queryMode: "extended" } : {};
    const config = { text, values: [...values], rowMode, types, ...mode };
    return this.#client.query(config as typeof config & { rowMode: "array" });
  }

  /**
   * Sends the first statements of a transaction, as `script` does. If the answer does not arrive in time, the
   * connection is lost, and nothing of the application's was sent.
   */
  begin<Row extends object>(statements: readonly string[]): Promise<Row[]> {
    return withAnswerTimeout(this.#client, this.script<Row>(statements), this.#beginWithinMs);
  }

  /**
   * Sends several statements as one message.
   *
   * @returns the rows of the last statement
   */
  async script<Row extends object>(statements: readonly string[]): Promise<Row[]> {
    const results: unknown = await this.#client.query(statements.join(";\n"));
    const last: QueryResult<Row> | undefined = [results].flat().at(-1) as QueryResult<Row>;
    return last.rows;
  }

  /** Waits for the server's complete answer to a failed statement. */
  async settle(): Promise<void> {
    const answer = this.#client.query("");
    await withAnswerTimeout(this.#client, answer, this.#beginWithinMs).catch(() => undefined);
  }

  /** Returns the connection to the pool, or closes it if it is lost, in a transaction, or not `sound`. */
  release(sound: boolean): void {
    this.#client.off("error", this.#lose);
    this.#client.release(!sound || this.#lost || this.inTransaction);
  }
}

function isPoolBusy(error: unknown): boolean {
  return error instanceof Error && /^timeout exceeded when trying to connect/.test(error.message);
}

function poolBusyError(
  pool: Pool,
  address: DatabaseAddress,
  waitMs: number,
  cause: unknown,
): FleetError {
  const { max } = pool.options;
  const none =
    max === 1
      ? `the only connection to database "${address.name}" did not become free`
      : `none of the ${max} connections to database "${address.name}" became free`;
  return new FleetError("unreachable", `${none} within ${waitMs / 1000} s`, {
    remedy:
      "Nothing was sent. Check for a transaction that waits for a query outside of it, or never ends. Otherwise, raise pool.max.",
    cause,
  });
}

function poolUnreachableError(
  address: DatabaseAddress,
  waitMs: number,
  cause: unknown,
): FleetError {
  return new FleetError(
    "unreachable",
    `database "${address.name}" at ${locationOf(address)} did not accept a connection within ${waitMs / 1000} s: ${messageOf(cause)}`,
    {
      remedy:
        "Nothing was sent. Check that the server is running, and that the host and port in the URL are correct.",
      cause,
    },
  );
}
