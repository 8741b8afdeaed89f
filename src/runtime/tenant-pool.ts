import type { Query } from "../postgres/lease.ts";
import type { Binding } from "./binding.ts";
import { type TakeLease, TenantTransaction } from "./transaction.ts";

/** drizzle-orm uses it as its driver's pool. It is bound to a tenant; a single query is a transaction of its own. */
export class TenantPool {
  // drizzle-orm recognizes a pool by this name, which a bundler could otherwise shorten.
  static readonly name = "TenantPool";
  readonly #binding: Binding;
  readonly #take: TakeLease;

  constructor(binding: Binding, take: TakeLease) {
    this.#binding = binding;
    this.#take = take;
  }

  /** Returns a connection for one transaction. It is taken from the real pool when the transaction begins. */
  async connect(): Promise<TenantTransaction> {
    return new TenantTransaction(this.#binding, this.#take);
  }

  /** Runs one query, and rolls back if it fails. */
  async query(query: Query, values: readonly unknown[] = []): Promise<unknown> {
    const transaction = await this.connect();
    try {
      await transaction.query({ text: "begin" });
      const result = await transaction.query(query, values);
      await transaction.query({ text: "commit" });
      return result;
    } catch (error) {
      await transaction.query({ text: "rollback" }).catch(() => undefined);
      throw error;
    } finally {
      transaction.release();
    }
  }
}
