import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type pg from "pg";
import { refuseUnsendable } from "../core/sendable.ts";

/** As `Session.copyOut`. The streams are loaded here: few commands copy. */
export async function* copyOut(client: pg.Client, sql: string): AsyncIterable<Buffer> {
  const { to } = await import("pg-copy-streams");
  yield* client.query(to(sql));
}

/** A text, in pieces of any length. */
export type TextChunks = AsyncIterable<string> | Iterable<string>;

/** As `Session.copyIn`. */
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
