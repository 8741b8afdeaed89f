import { FleetError } from "../core/errors.ts";
import { quoteIdentifier } from "../postgres/identifiers.ts";
import type { Rename, RenameQuestion } from "./decisions.ts";
import type { Snapshot } from "./kit-types.ts";
import { renameQuestions } from "./snapshot-parts.ts";

/** The parts of a snapshot that a rename touches, as drizzle-kit 0.31 writes them (version 7). */
interface Parts {
  tables: Record<string, Table>;
  enums: Record<string, Named>;
  sequences: Record<string, Named>;
  views: Record<string, Named & { materialized?: boolean }>;
}

interface Named {
  name: string;
  schema: string;
}

interface Table extends Named {
  columns: Record<string, { name: string; type: string; typeSchema?: string }>;
  indexes: Record<string, { columns: { expression: string; isExpression: boolean }[] }>;
  foreignKeys: Record<string, ForeignKey>;
  compositePrimaryKeys: Record<string, { columns: string[] }>;
  uniqueConstraints: Record<string, { columns: string[] }>;
  policies: Record<string, { name: string }>;
}

interface ForeignKey {
  tableFrom: string;
  tableTo: string;
  schemaTo?: string;
  columnsFrom: string[];
  columnsTo: string[];
}

/** Tables first: what is in them is named by their new names. */
function rank({ kind }: Rename): number {
  return kind === "table" ? 0 : 1;
}

/**
 * Renames in a snapshot, and gives the SQL that does the same in a database.
 *
 * @returns the snapshot under its new names; a diff from it has no question about them left
 * @throws FleetError `rename` for a rename that the two schemas do not show
 */
export function applyRenames(
  previous: Snapshot,
  current: Snapshot,
  renames: readonly Rename[],
): { readonly snapshot: Snapshot; readonly sql: readonly string[] } {
  let snapshot = previous;
  const sql: string[] = [];
  for (const rename of [...renames].sort((left, right) => rank(left) - rank(right))) {
    refuseUnknown(rename, renameQuestions(snapshot, current));
    const copy = structuredClone(snapshot);
    sql.push(`${renameIn(copy as unknown as Parts, rename)};`);
    snapshot = copy;
  }
  return { snapshot, sql };
}

function refuseUnknown(rename: Rename, questions: readonly RenameQuestion[]): void {
  const { kind, table, from, to } = rename;
  const asked = questions.find((one) => one.kind === kind && one.table === table);
  if (asked?.removed.includes(from) === true && asked.added.includes(to)) return;
  const of = (name: string) => (table === undefined ? name : `${table}.${name}`);
  throw new FleetError("rename", `${kind} ${of(from)} was not renamed to ${of(to)}`, {
    remedy:
      asked === undefined
        ? `The schema shows no ${kind}${table === undefined ? "" : ` of ${table}`} that both went and came.`
        : `Removed: ${asked.removed.join(", ")}. Added: ${asked.added.join(", ")}.`,
  });
}

function renameIn(parts: Parts, rename: Rename): string {
  const { kind, from, to } = rename;
  const name = quoteIdentifier;
  switch (kind) {
    case "table": {
      const table = move(parts.tables, from, to);
      for (const key of allForeignKeys(parts)) {
        if (key.tableTo === from) key.tableTo = to;
        if (key.tableFrom === from) key.tableFrom = to;
      }
      return `ALTER TABLE ${name(from)} RENAME TO ${name(table.name)}`;
    }
    case "column":
      renameColumn(parts, rename);
      return `ALTER TABLE ${name(rename.table ?? "")} RENAME COLUMN ${name(from)} TO ${name(to)}`;
    case "policy": {
      const table = tableIn(parts, rename.table);
      if (table !== undefined) move(table.policies, from, to);
      return `ALTER POLICY ${name(from)} ON ${name(rename.table ?? "")} RENAME TO ${name(to)}`;
    }
    case "enum":
      move(parts.enums, from, to);
      for (const { columns } of Object.values(parts.tables))
        for (const column of Object.values(columns))
          if (column.typeSchema !== undefined) column.type = retyped(column.type, from, to);
      return `ALTER TYPE ${name(from)} RENAME TO ${name(to)}`;
    case "sequence":
      move(parts.sequences, from, to);
      return `ALTER SEQUENCE ${name(from)} RENAME TO ${name(to)}`;
    case "view": {
      const { materialized } = move(parts.views, from, to);
      return `ALTER ${materialized === true ? "MATERIALIZED " : ""}VIEW ${name(from)} RENAME TO ${name(to)}`;
    }
    default:
      throw new FleetError("rename", `a ${kind} cannot be renamed by a tenant's migration`, {
        remedy: "It belongs to the database: rename it by hand in every database.",
      });
  }
}

/** Gives an entry its new key and name, in its old place: the order is the order of columns. */
function move<Entry extends { name: string }>(
  part: Record<string, Entry>,
  from: string,
  to: string,
): Entry {
  const entries = Object.entries(part).map(([key, entry]) => {
    if (entry.name !== from) return [key, entry] as const;
    return [key.replace(/[^.]*$/, () => to), Object.assign(entry, { name: to })] as const;
  });
  for (const key of Object.keys(part)) delete part[key];
  Object.assign(part, Object.fromEntries(entries));
  const moved = Object.values(part).find((entry) => entry.name === to);
  if (moved === undefined) throw new Error(`${from} is not in the snapshot`);
  return moved;
}

function renameColumn(parts: Parts, { table: name, from, to }: Rename): void {
  const table = tableIn(parts, name);
  if (table === undefined) return;
  move(table.columns, from, to);
  const renamed = (columns: string[]) => columns.map((column) => (column === from ? to : column));
  for (const index of Object.values(table.indexes))
    for (const column of index.columns)
      if (!column.isExpression && column.expression === from) column.expression = to;
  const lists = [table.compositePrimaryKeys, table.uniqueConstraints].flatMap((part) =>
    Object.values(part),
  );
  for (const list of lists) list.columns = renamed(list.columns);
  for (const key of allForeignKeys(parts)) {
    if (key.tableFrom === table.name) key.columnsFrom = renamed(key.columnsFrom);
    if (key.tableTo === table.name) key.columnsTo = renamed(key.columnsTo);
  }
}

function allForeignKeys({ tables }: Parts): ForeignKey[] {
  return Object.values(tables).flatMap(({ foreignKeys }) => Object.values(foreignKeys));
}

function tableIn({ tables }: Parts, name: string | undefined): Table | undefined {
  return Object.values(tables).find((table) => table.name === name);
}

/** A column's type may be an array of the enum. */
function retyped(type: string, from: string, to: string): string {
  return type === from || type.startsWith(`${from}[`) ? to + type.slice(from.length) : type;
}
