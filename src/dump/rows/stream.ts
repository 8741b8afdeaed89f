import { ledgerName } from "../../core/ledger.ts";
import { quoteIdentifier } from "../../core/quoting.ts";
import { ledgerColumns } from "../../ledger/table.ts";
import type { Session } from "../../postgres/session.ts";
import type { FileRows } from "../file/tenant-file.ts";
import type { DumpedTable } from "../types.ts";
import { settings } from "./content.ts";

type Columns = Pick<DumpedTable, "name" | "columns">;

/** The ledger is copied like a table, though no structure has it. */
export const ledger: Columns = { name: ledgerName, columns: ledgerColumns };

/** So many characters of rows go together. */
const batch = 256 * 1024;

/** A row that is longer is divided: its text may be longer than a string can be. */
const longest = 4 * batch;

/**
 * Reads all rows of tables, and of the ledger.
 *
 * @param session in a transaction, which the settings of reading stay with
 * @returns pieces that end where a row ends, but for those of a very long row
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
 * Puts rows into their tables, which come one after the other.
 *
 * @param session in a transaction that `setForRows` was called in
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

/** Settings that rows are read and written with. */
export function setForRows(session: Session, schema: string): Promise<void> {
  return session.script(settings(schema));
}

/** Generated columns are no part of a COPY that names none. */
function nameOf(schema: string, { name, columns }: Columns): string {
  const list = columns.length === 0 ? "" : ` (${columns.map(quoteIdentifier).join(", ")})`;
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}${list}`;
}

/** COPY ends every row with a newline, and writes those within a row otherwise. No piece ends within a character. */
async function* piecesOf(chunks: AsyncIterable<Buffer>): AsyncIterable<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let pieces: string[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    pieces.push(text);
    length += text.length;
    // Only the new piece is searched: a row may be very long.
    const end = length < batch ? 0 : text.lastIndexOf("\n") + 1;
    if (end === 0 && length < longest) continue;
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
