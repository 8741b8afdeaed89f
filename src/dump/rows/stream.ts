import { ledgerName } from "../../core/ledger.ts";
import { quoteIdentifier } from "../../core/quoting.ts";
import { ledgerColumns } from "../../ledger/table.ts";
import type { Session } from "../../postgres/session.ts";
import type { FileRows } from "../file/format.ts";
import type { DumpedTable } from "../types.ts";
import { rowSettings } from "./content.ts";

type Columns = Pick<DumpedTable, "name" | "columns">;

/** The ledger's rows are copied like those of a table, but structures do not contain the ledger. */
export const ledger: Columns = { name: ledgerName, columns: ledgerColumns };

/** The number of characters of rows in one piece. */
const pieceLength = 256 * 1024;

/** A longer row is divided, because its text can be longer than the longest string. */
const longestPiece = 4 * pieceLength;

/**
 * Reads all rows of the ledger and of tables.
 *
 * @param session in a transaction, whose settings this changes
 * @returns pieces that end at the end of a row, except within a very long row
 */
export async function* readRows(
  session: Session,
  schema: string,
  tables: readonly Columns[],
): AsyncIterable<FileRows> {
  await setForRows(session, schema);
  for (const { name, columns } of [ledger, ...tables]) {
    const copy = session.copyOut(`COPY ${nameOf(schema, { name, columns })} TO STDOUT`);
    for await (const text of piecesOf(copy))
      yield { kind: "rows", table: name, columns: [...columns], copy: text };
  }
}

/**
 * Inserts rows into their tables.
 *
 * @param session in a transaction in which `setForRows` was called
 * @param rows all rows of a table, then those of the next one
 */
export async function writeRows(
  session: Session,
  schema: string,
  rows: AsyncIterable<FileRows>,
): Promise<void> {
  const lines = rows[Symbol.asyncIterator]();
  let next = await lines.next();
  async function* sameTable({ table, columns }: FileRows): AsyncIterable<string> {
    const list = columns.join("\0");
    for (; next.done !== true; next = await lines.next()) {
      if (next.value.table !== table || next.value.columns.join("\0") !== list) return;
      yield next.value.copy;
    }
  }
  while (next.done !== true) {
    const { table: name, columns } = next.value;
    const copy = `COPY ${nameOf(schema, { name, columns })} FROM STDIN`;
    await session.copyIn(copy, sameTable(next.value));
  }
}

/** Changes settings of the transaction so that rows can be read and written, see `rowSettings`. */
export function setForRows(session: Session, schema: string): Promise<void> {
  return session.script(rowSettings(schema));
}

/** COPY without a list of columns omits generated columns. */
function nameOf(schema: string, { name, columns }: Columns): string {
  const list = columns.length === 0 ? "" : ` (${columns.map(quoteIdentifier).join(", ")})`;
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}${list}`;
}

/** In COPY's format, only the end of a row is a newline. No piece ends within a character. */
async function* piecesOf(chunks: AsyncIterable<Buffer>): AsyncIterable<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let pieces: string[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    pieces.push(text);
    length += text.length;
    // Search only the new text: a row can be very long.
    const end = length < pieceLength ? 0 : text.lastIndexOf("\n") + 1;
    if (end === 0 && length < longestPiece) continue;
    if (end === 0) {
      yield pieces.join("");
      [pieces, length] = [[], 0];
      continue;
    }
    pieces[pieces.length - 1] = text.slice(0, end);
    yield pieces.join("");
    pieces = [text.slice(end)];
    length = text.length - end;
  }
  if (length > 0) yield pieces.join("");
}
