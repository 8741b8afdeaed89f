import type { Query } from "../postgres/lease.ts";
import type { Binding } from "./opening.ts";
import { type TakeLease, TenantTransaction } from "./transaction.ts";

/** What drizzle-orm takes for its driver's pool, bound to a tenant: a single query is a transaction of its own. */
export class TenantPool {
  // drizzle-orm tells pools from connections by this name, which a bundler might shorten.
  static readonly name = "TenantPool";
  readonly #binding: Binding;
  readonly #take: TakeLease;

  constructor(binding: Binding, take: TakeLease) {
    this.#binding = binding;
    this.#take = take;
  }

  /** A connection for one transaction. Nothing is sent, and none is taken, before it begins. */
  async connect(): Promise<TenantTransaction> {
    return new TenantTransaction(this.#binding, this.#take);
  }

  /** Runs one query, and takes back what it did when it fails. */
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
