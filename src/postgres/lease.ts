import { setTimeout as sleep } from "node:timers/promises";
import type { CustomTypesConfig, Pool, PoolClient, QueryResult } from "pg";
import { type DatabaseAddress, locationOf } from "../core/database.ts";
import { FleetError, messageOf } from "../core/errors.ts";
import { refuseUnsendable } from "../core/sendable.ts";
import { answerTimeout, withAnswerTimeout } from "./answer.ts";
import { isConnectionLoss, isServerFull } from "./sqlstate.ts";

/** A statement as drizzle-orm gives it to its driver. */
export interface Query {
  readonly text: string;
  readonly rowMode?: "array" | undefined;
  readonly types?: CustomTypesConfig | undefined;
}

/** Connections that were used before: the server may have closed them meanwhile. */
const usedClients = new WeakSet<PoolClient>();

/** How long a connection that was used before may take to begin, in milliseconds: another one is tried then. */
const reusedTimeoutMs = 5_000;

/** A connection of a pool, for one transaction. */
export class Lease {
  readonly #client: PoolClient;
  /** What the server shows the connection as. */
  readonly applicationName: string;
  /** True when the connection is not a new one. */
  readonly reused: boolean;
  readonly #beginWithinMs: number;
  #lost = false;
  // A connection that is lent has no other listener, and an error that nobody hears ends the process.
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
   * Takes a connection from the pool, waiting for a free one, and for a server that does not answer yet.
   *
   * @param waitMs how long to wait, in milliseconds
   * @throws FleetError `unreachable` when the time is over; the server's own error when it refuses the user, the
   *   password or the database
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

  /** True once the connection is gone. */
  get lost(): boolean {
    return this.#lost;
  }

  /** What the server said with its last complete answer. An error comes before that. */
  get inTransaction(): boolean {
    return this.#client.getTransactionStatus() !== "I";
  }

  /**
   * Runs what somebody else wrote.
   *
   * @param single true: the server refuses a text that holds several statements
   */
  query(query: Query, values: readonly unknown[], single: boolean): Promise<QueryResult> {
    // Never with a name: a prepared statement would hold on to one tenant's column types.
    const { text, rowMode, types } = query;
    refuseUnsendable("the statement", text);
    const mode = single ? { queryMode: "extended" } : {};
    const config = { text, values: [...values], rowMode, types, ...mode };
    return this.#client.query(config as typeof config & { rowMode: "array" });
  }

  /**
   * Sends what a transaction begins with, as `script` does. A connection that gives no answer in time is lost: nothing
   * of the application's was sent.
   */
  begin<Row extends object>(statements: readonly string[]): Promise<Row[]> {
    return withAnswerTimeout(this.#client, this.script<Row>(statements), this.#beginWithinMs);
  }

  /**
   * Sends several statements as one message.
   *
   * @returns the last one's rows
   */
  async script<Row extends object>(statements: readonly string[]): Promise<Row[]> {
    const results: unknown = await this.#client.query(statements.join(";\n"));
    const last: QueryResult<Row> | undefined = [results].flat().at(-1) as QueryResult<Row>;
    return last.rows;
  }

  /** Waits for the server's complete answer to a statement that failed. */
  async settle(): Promise<void> {
    const answer = this.#client.query("");
    await withAnswerTimeout(this.#client, answer, this.#beginWithinMs).catch(() => undefined);
  }

  /** Gives the connection back, or closes it: when it is lost, in a transaction, or not `sound`. */
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
      "Does a transaction wait for a query outside of it, or for ever? Else raise pool.max. Nothing was sent.",
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
    { remedy: "Is the server running, and are host and port right? Nothing was sent.", cause },
  );
}
