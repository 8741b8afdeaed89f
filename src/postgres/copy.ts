import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type pg from "pg";

/** As `Session.copyOut`. The streams are loaded here: few commands copy. */
export async function* copyOut(client: pg.Client, sql: string): AsyncIterable<Buffer> {
  const { to } = await import("pg-copy-streams");
  yield* client.query(to(sql));
}

/** As `Session.copyIn`. */
export async function copyIn(client: pg.Client, sql: string, text: string): Promise<void> {
  const { from } = await import("pg-copy-streams");
  await pipeline(Readable.from([text]), client.query(from(sql)));
}
