import type { PgRemoteDatabase } from "drizzle-orm/pg-proxy";
import type pg from "pg";
import { refuseUnsendableQuery } from "../core/sendable.ts";
import { withAnswerTimeout } from "./answer.ts";
import { shortenServerText } from "./server-text.ts";

/** Drizzle's query builder on a session of drizzle-fleet. */
export type Drizzle = PgRemoteDatabase;

/**
 * Runs queries of Drizzle's query builder on a client. It uses Drizzle's proxy driver, because the node-postgres
 * driver would load its own pg, which a project with another driver does not have. pg parses the values.
 *
 * @param withinMs how long the answer to each query may take, in milliseconds
 * @throws the driver's own error; Drizzle's wrapper would have the statement and its values as its message
 */
export async function withDrizzle<Result>(
  client: pg.Client,
  withinMs: number,
  use: (db: Drizzle) => PromiseLike<Result>,
): Promise<Result> {
  // Loaded here because it takes longer than everything else in a run that neither reads nor writes the control
  // schema.
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
