import type { SequencePosition } from "../../catalog/sequence-positions.ts";
import { quoteIdentifier, quoteLiteral } from "../../core/quoting.ts";
import { fill } from "../../core/template.ts";
import type { DumpedTable, StructureDump } from "../types.ts";

/**
 * SQL that copies all rows and the positions of sequences between two schemas of a database. Run it in a transaction,
 * between `preData` and `postData`, without the first schema on the search_path. It fails if row level security would
 * hide rows.
 */
export function copyStatements(
  from: string,
  to: string,
  dump: Pick<StructureDump, "tables" | "sequences">,
): string[] {
  return [
    "SET LOCAL row_security = off",
    ...dump.tables.map((table) => copyTable(from, to, table)),
    ...dump.sequences.map((sequence) => copySequence(from, to, sequence)),
  ];
}

function copyTable(from: string, to: string, table: DumpedTable): string {
  const name = quoteIdentifier(table.name);
  const { columns } = table;
  const values = columns.map((column) => copiedValue(from, to, table, column)).join(", ");
  const into = columns.length === 0 ? "" : ` (${columns.map(quoteIdentifier).join(", ")})`;
  return `INSERT INTO ${quoteIdentifier(to)}.${name}${into} OVERRIDING SYSTEM VALUE SELECT ${values} FROM ONLY ${quoteIdentifier(from)}.${name}`;
}

function copiedValue(from: string, to: string, table: DumpedTable, column: string): string {
  const value = quoteIdentifier(column);
  const own = table.ownTypes.find((type) => type.column === column);
  const named = table.nameTypes.find((type) => type.column === column);
  // PostgreSQL converts between the types of two schemas only through text.
  if (own !== undefined) return `${value}::text::${fill(own.type, quoteIdentifier(to))}`;
  if (named === undefined) return value;
  // A name in a value is of the first schema if the schema's name qualifies it.
  const spelled = [quoteIdentifier(from), from].map((one) =>
    one.replace(/[^\p{L}\p{N}_"]/gu, "\\$&"),
  );
  const pattern = quoteLiteral(`(^|[(, ])(?:${spelled.join("|")})\\.`);
  const replacement = quoteLiteral(`\\1${quoteIdentifier(to)}.`);
  return `pg_catalog.regexp_replace(${value}::text, ${pattern}, ${replacement}, 'g')::${named.type}`;
}

function copySequence(from: string, to: string, { name }: SequencePosition): string {
  const sequence = quoteIdentifier(name);
  const target = quoteLiteral(`${quoteIdentifier(to)}.${sequence}`);
  return `SELECT pg_catalog.setval(${target}, last_value, is_called) FROM ${quoteIdentifier(from)}.${sequence}`;
}
