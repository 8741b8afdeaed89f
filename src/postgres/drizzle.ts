import type { PgRemoteDatabase } from "drizzle-orm/pg-proxy";
import pg from "pg";

/** Drizzle's query builder, over a connection of ours. */
export type Drizzle = PgRemoteDatabase;

/** Drizzle reads times itself, as text. */
const timestamptz = pg.types.builtins.TIMESTAMPTZ;
const types: pg.CustomTypesConfig = {
  getTypeParser: (id, format) =>
    id === timestamptz ? (text: string) => text : pg.types.getTypeParser(id, format),
};

/**
 * Gives a client to Drizzle's query builder. It goes through Drizzle's proxy, not its node-postgres, which would look
 * for a pg of its own: a project that uses another driver has none.
 *
 * @throws the driver's own error: Drizzle's, around it, has the statement and its values for a message
 */
export async function withDrizzle<Result>(
  client: pg.Client,
  use: (db: Drizzle) => PromiseLike<Result>,
): Promise<Result> {
  // Loaded here, because it takes longer than all else in a run that has nothing to keep or to look up.
  const { drizzle } = await import("drizzle-orm/pg-proxy");
  let refusal: { readonly error: unknown } | undefined;
  const db = drizzle((text, values, method) =>
    client
      .query<unknown[]>({
        text,
        values,
        types,
        ...(method === "all" ? { rowMode: "array" } : {}),
      })
      .catch((error: unknown) => {
        refusal = { error };
        throw error;
      }),
  );
  try {
    return await use(db);
  } catch (error) {
    throw refusal === undefined ? error : refusal.error;
  }
}
