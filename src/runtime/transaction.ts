import { FleetError, isFleetError } from "../core/errors.ts";
import { targetName } from "../core/target.ts";
import type { Lease, Query } from "../postgres/lease.ts";
import { isConnectionLoss } from "../postgres/sqlstate.ts";
import { beginBound, endBound } from "./begin.ts";
import type { Binding } from "./binding.ts";

export type TakeLease = () => Promise<Lease>;

/** The statement with which drizzle-orm begins a transaction: options, and nothing that could be a second statement. */
const begins = /^begin[a-z, ]*$/i;
const ends = /^(commit|rollback)$/i;
/** A text without one of these words cannot end a transaction. In a text with one, it can also be a name. */
const mayEnd = /\b(commit|rollback|end|abort|prepare)\b/i;

/**
 * One transaction of a tenant, from `begin` to `commit` or `rollback`. drizzle-orm uses it as its driver's
 * connection. It sends nothing outside the transaction, so nothing runs without its search_path.
 */
export class TenantTransaction {
  readonly #binding: Binding;
  readonly #take: TakeLease;
  #lease: Lease | undefined;
  #state: "new" | "open" | "ended" = "new";
  #turn: Promise<unknown> = Promise.resolve();

  constructor(binding: Binding, take: TakeLease) {
    this.#binding = binding;
    this.#take = take;
  }

  /** Runs statements one at a time: each must know whether the one before it ended the transaction. */
  query(query: Query, values: readonly unknown[] = []): Promise<unknown> {
    const turn = this.#turn.then(() => this.#run(query, values));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Returns the connection to the pool, or closes it if the transaction has not ended. */
  release(): void {
    this.#lease?.release(this.#state === "ended");
    this.#lease = undefined;
    this.#state = "ended";
  }

  // drizzle-orm 1.0 listens for errors of the connection. The lease already does.
  on(): this {
    return this;
  }

  off(): this {
    return this;
  }

  async #run(query: Query, values: readonly unknown[]): Promise<unknown> {
    const lease = this.#lease;
    if (this.#state === "new" && begins.test(query.text)) return this.#begin(query.text);
    if (this.#state !== "open" || lease === undefined) return this.#refuse(query.text);
    if (ends.test(query.text)) return this.#end(lease, query.text);
    return this.#statement(lease, query, values);
  }

  async #begin(text: string): Promise<unknown> {
    for (;;) {
      const lease = await this.#take();
      try {
        await beginBound(lease, this.#binding, text);
        this.#lease = lease;
        this.#state = "open";
        return noRows;
      } catch (error) {
        // After a refusal the transaction is rolled back. After any other error it may still be open.
        lease.release(isFleetError(error));
        // The server had closed an idle connection. No statement of the application was sent, so use another one.
        if (!lease.reused || !isConnectionLoss(error)) throw error;
      }
    }
  }

  async #statement(lease: Lease, query: Query, values: readonly unknown[]): Promise<unknown> {
    const single = mayEnd.test(query.text);
    try {
      const result = await lease.query(query, values, single);
      if (single && isChained(result.command, query.text)) this.#state = "ended";
      return result;
    } catch (error) {
      if (single) await lease.settle();
      throw error;
    } finally {
      if (!lease.inTransaction) this.#state = "ended";
    }
  }

  async #end(lease: Lease, text: string): Promise<unknown> {
    // The server rolls back on its own. Do not hide the error that closed the connection.
    if (lease.lost && isRollback(text)) return noRows;
    await endBound(lease, text);
    this.#state = "ended";
    return noRows;
  }

  #refuse(text: string): unknown {
    // The transaction has ended. Do not hide the error that made the application roll back.
    if (isRollback(text)) return noRows;
    const name = targetName(this.#binding.target);
    throw new FleetError(
      "usage",
      this.#state === "new"
        ? `${name}: a statement was sent before the transaction began`
        : `${name}: a statement was sent after the transaction ended`,
      {
        remedy:
          "The statement was not run. Do not send COMMIT or ROLLBACK: transaction() commits when its callback returns, and rolls back when it throws.",
      },
    );
  }
}

const noRows = { rows: [], rowCount: 0 };

function isRollback(text: string): boolean {
  return /^rollback$/i.test(text);
}

/** COMMIT AND CHAIN begins a transaction without the search_path. */
function isChained(command: string, text: string): boolean {
  return /^(commit|rollback)$/i.test(command) && /\bchain\b/i.test(text);
}
