import type { PgRemoteDatabase } from "drizzle-orm/pg-proxy";
import type pg from "pg";
import { refuseUnsendableQuery } from "../core/sendable.ts";
import { withAnswerTimeout } from "./answer.ts";
import { shortenServerText } from "./server-text.ts";

/** Drizzle's query builder, over a connection of ours. */
export type Drizzle = PgRemoteDatabase;

/**
 * Gives a client to Drizzle's query builder. It goes through Drizzle's proxy, not its node-postgres, which would look
 * for a pg of its own: a project that uses another driver has none. Values are parsed by pg, as everywhere.
 *
 * @param withinMs how long the answer to each query may take, in milliseconds
 * @throws the driver's own error: Drizzle's, around it, has the statement and its values for a message
 */
export async function withDrizzle<Result>(
  client: pg.Client,
  withinMs: number,
  use: (db: Drizzle) => PromiseLike<Result>,
): Promise<Result> {
  // Loaded here, because it takes longer than all else in a run that has nothing to keep or to look up.
  const { drizzle } = await import("drizzle-orm/pg-proxy");
  let refusal: { readonly error: unknown } | undefined;
  const db = drizzle(async (text, values, method) => {
    try {
      refuseUnsendableQuery(text, values);
      const rowMode = method === "all" ? { rowMode: "array" } : {};
      const answer = client.query<unknown[]>({ text, values, ...rowMode });
      return await withAnswerTimeout(client, answer, withinMs);
    } catch (error) {
      refusal = { error: shortenServerText(error) };
      throw error;
    }
  });
  try {
    return await use(db);
  } catch (error) {
    throw refusal === undefined ? error : refusal.error;
  }
}
