import { FleetError, isFleetError } from "../core/errors.ts";
import { targetName } from "../core/target.ts";
import type { Lease, Query } from "../postgres/lease.ts";
import { isConnectionLoss } from "../postgres/sqlstate.ts";
import { type Binding, close, open } from "./opening.ts";

export type TakeLease = () => Promise<Lease>;

/** What drizzle-orm sends to begin: options, and nothing that could be a second statement. */
const begins = /^begin[a-z, ]*$/i;
const ends = /^(commit|rollback)$/i;
/** Without one of these words no text ends a transaction. Within a text that holds one, it may also be a name. */
const mayEnd = /\b(commit|rollback|end|abort|prepare)\b/i;

/**
 * One transaction of a tenant's, from `begin` to `commit` or `rollback`: what drizzle-orm takes for a connection of
 * its driver's. Nothing is sent outside of the transaction, so nothing runs without its search_path.
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

  /** Runs one statement after the other, as the server does: each must know how the one before it ended. */
  query(query: Query, values: readonly unknown[] = []): Promise<unknown> {
    const turn = this.#turn.then(() => this.#run(query, values));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Lets go of the connection. One that is still in the transaction is closed. */
  release(): void {
    this.#lease?.release(this.#state === "ended");
    this.#lease = undefined;
    this.#state = "ended";
  }

  // drizzle-orm 1.0 listens for the connection's errors, which are heard already.
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
        await open(lease, this.#binding, text);
        this.#lease = lease;
        this.#state = "open";
        return noRows;
      } catch (error) {
        // A tenant that was refused is rolled back already; anything else may have left the transaction open.
        lease.release(isFleetError(error));
        // The server had closed an idle connection. Nothing of the application's was sent: another one will do.
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
    // The server rolls back by itself, and the application should see why it lost the connection.
    if (lease.lost && isRollback(text)) return noRows;
    await close(lease, text);
    this.#state = "ended";
    return noRows;
  }

  #refuse(text: string): unknown {
    // Nothing is open any more. Whoever rolls back has an error of their own to report.
    if (isRollback(text)) return noRows;
    const name = targetName(this.#binding.target);
    throw new FleetError(
      "usage",
      this.#state === "new"
        ? `${name}: the transaction was not begun`
        : `${name}: the transaction has ended, and a statement came after it`,
      {
        remedy:
          "Send no COMMIT or ROLLBACK: the callback of transaction() commits by returning, and rolls back by throwing. The statement was not run.",
      },
    );
  }
}

const noRows = { rows: [], rowCount: 0 };

function isRollback(text: string): boolean {
  return /^rollback$/i.test(text);
}

/** COMMIT AND CHAIN begins a transaction that has no search_path of ours. */
function isChained(command: string, text: string): boolean {
  return /^(commit|rollback)$/i.test(command) && /\bchain\b/i.test(text);
}
