import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type pg from "pg";
import { refuseUnsendable } from "../core/sendable.ts";

/** See `Session.copyOut`. The streams are loaded here because few commands copy. */
export async function* copyOut(client: pg.Client, sql: string): AsyncIterable<Buffer> {
  const { to } = await import("pg-copy-streams");
  yield* client.query(to(sql));
}

/** A text, in chunks of any length. */
export type TextChunks = AsyncIterable<string> | Iterable<string>;

/** See `Session.copyIn`. */
export async function copyIn(client: pg.Client, sql: string, pieces: TextChunks): Promise<void> {
  const { from } = await import("pg-copy-streams");
  await pipeline(Readable.from(sendable(pieces)), client.query(from(sql)));
}

async function* sendable(pieces: TextChunks): AsyncIterable<string> {
  for await (const piece of pieces) {
    refuseUnsendable("the data to copy", piece);
    yield piece;
  }
}
