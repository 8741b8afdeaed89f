import type pg from "pg";
import { refuseUnsendable } from "../core/sendable.ts";
import { NotSentError, withAnswerTimeout } from "./answer.ts";
import { throwShortened } from "./server-text.ts";

/** See `Session.queryAll`. The driver sends a text without parameters as a message of several statements. */
export async function queryAll<Row extends pg.QueryResultRow>(
  client: pg.Client,
  withinMs: number,
  sql: string,
): Promise<Row[][]> {
  if (client.connection.stream.destroyed) throw new NotSentError();
  refuseUnsendable("the statement", sql);
  // With several statements, the result is a list, which the driver's types do not know.
  const answer: Promise<pg.QueryResult<Row> | pg.QueryResult<Row>[]> = client.query<Row>(sql);
  const results = await withAnswerTimeout(client, answer, withinMs).catch(throwShortened);
  return [results].flat().map(({ rows }) => rows);
}
