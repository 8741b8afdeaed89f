import { FleetError } from "../core/errors.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { Rename, RenameQuestion } from "./decisions.ts";
import type { Snapshot } from "./kit-types.ts";
import { nameOf, renameQuestions } from "./snapshot-parts.ts";

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
 * @param sources by which names the snapshots call the schema of the target
 * @returns the snapshot under its new names; a diff from it has no question about them left
 * @throws FleetError `rename` for a rename that the two schemas do not show
 */
export function applyRenames(
  previous: Snapshot,
  current: Snapshot,
  renames: readonly Rename[],
  sources: readonly string[],
): { readonly snapshot: Snapshot; readonly sql: readonly string[] } {
  let snapshot = previous;
  const sql: string[] = [];
  for (const rename of [...renames].sort((left, right) => rank(left) - rank(right))) {
    refuseUnknown(rename, renameQuestions(snapshot, current, sources));
    const copy = structuredClone(snapshot);
    sql.push(`${renameIn(copy as unknown as Parts, rename, sources)};`);
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

function renameIn(parts: Parts, rename: Rename, sources: readonly string[]): string {
  const { kind, from, to } = rename;
  const name = quoteIdentifier;
  switch (kind) {
    case "table": {
      const { entry, was } = moveObject(parts.tables, rename, sources);
      for (const owner of Object.values(parts.tables))
        for (const key of Object.values(owner.foreignKeys)) {
          if (refersTo(key, { ...entry, name: was })) key.tableTo = entry.name;
          if (owner === entry) key.tableFrom = entry.name;
        }
      return `ALTER TABLE ${placed(entry, was)} RENAME TO ${name(entry.name)}`;
    }
    case "column": {
      const table = tableIn(parts, rename.table, sources);
      renameColumn(parts, table, from, to);
      return `ALTER TABLE ${placed(table, table.name)} RENAME COLUMN ${name(from)} TO ${name(to)}`;
    }
    case "policy": {
      const table = tableIn(parts, rename.table, sources);
      move(table.policies, from, to);
      return `ALTER POLICY ${name(from)} ON ${placed(table, table.name)} RENAME TO ${name(to)}`;
    }
    case "enum": {
      const { entry, was } = moveObject(parts.enums, rename, sources);
      for (const { columns } of Object.values(parts.tables))
        for (const column of Object.values(columns))
          if (column.typeSchema === entry.schema)
            column.type = retyped(column.type, was, entry.name);
      return `ALTER TYPE ${placed(entry, was)} RENAME TO ${name(entry.name)}`;
    }
    case "sequence": {
      const { entry, was } = moveObject(parts.sequences, rename, sources);
      return `ALTER SEQUENCE ${placed(entry, was)} RENAME TO ${name(entry.name)}`;
    }
    case "view": {
      const { entry, was } = moveObject(parts.views, rename, sources);
      return `ALTER ${entry.materialized === true ? "MATERIALIZED " : ""}VIEW ${placed(entry, was)} RENAME TO ${name(entry.name)}`;
    }
    default:
      throw new FleetError("rename", `a ${kind} cannot be renamed by a tenant's migration`, {
        remedy: "It belongs to the database: rename it by hand in every database.",
      });
  }
}

/** A name in SQL. What has no schema in the Drizzle schema gets none: its tenant's is the first on the path. */
function placed({ schema }: Named, own: string): string {
  const qualifier = isDefault(schema) ? "" : `${quoteIdentifier(schema)}.`;
  return qualifier + quoteIdentifier(own);
}

function isDefault(schema: string | undefined): boolean {
  return schema === undefined || schema === "" || schema === "public";
}

function refersTo({ tableTo, schemaTo }: ForeignKey, table: Named): boolean {
  const sameSchema = schemaTo === table.schema || (isDefault(schemaTo) && isDefault(table.schema));
  return tableTo === table.name && sameSchema;
}

/** Renames what lives in a schema: names of a schema that is not the target's have it in front. */
function moveObject<Entry extends Named>(
  part: Record<string, Entry>,
  { from, to }: Rename,
  sources: readonly string[],
): { readonly entry: Entry; readonly was: string } {
  const found = Object.entries(part).find(([key]) => nameOf(key, sources) === from);
  if (found === undefined) throw new Error(`${from} is not in the snapshot`);
  const [, { schema, name: was }] = found;
  const own =
    to.startsWith(`${schema}.`) && from === `${schema}.${was}` ? to.slice(schema.length + 1) : to;
  return { entry: move(part, found[0], own), was };
}

/** Gives an entry its new key and name, in its old place: the order is the order of columns. */
function move<Entry extends { name: string }>(
  part: Record<string, Entry>,
  from: string,
  to: string,
): Entry {
  let moved: Entry | undefined;
  const entries = Object.entries(part).map(([key, entry]) => {
    if (key !== from) return [key, entry] as const;
    const before = key.slice(0, key.length - entry.name.length);
    moved = Object.assign(entry, { name: to });
    return [before + to, entry] as const;
  });
  if (moved === undefined) throw new Error(`${from} is not in the snapshot`);
  for (const key of Object.keys(part)) delete part[key];
  Object.assign(part, Object.fromEntries(entries));
  return moved;
}

function renameColumn({ tables }: Parts, table: Table, from: string, to: string): void {
  move(table.columns, from, to);
  const renamed = (columns: string[]) => columns.map((column) => (column === from ? to : column));
  for (const index of Object.values(table.indexes))
    for (const column of index.columns)
      if (!column.isExpression && column.expression === from) column.expression = to;
  const lists = [table.compositePrimaryKeys, table.uniqueConstraints].flatMap((part) =>
    Object.values(part),
  );
  for (const list of lists) list.columns = renamed(list.columns);
  for (const owner of Object.values(tables))
    for (const key of Object.values(owner.foreignKeys)) {
      if (owner === table) key.columnsFrom = renamed(key.columnsFrom);
      if (refersTo(key, table)) key.columnsTo = renamed(key.columnsTo);
    }
}

function tableIn({ tables }: Parts, name: string | undefined, sources: readonly string[]): Table {
  const [, table] = Object.entries(tables).find(([key]) => nameOf(key, sources) === name) ?? [];
  if (table === undefined) throw new Error(`${name} is not in the snapshot`);
  return table;
}

/** A column's type may be an array of the enum. */
function retyped(type: string, from: string, to: string): string {
  return type === from || type.startsWith(`${from}[`) ? to + type.slice(from.length) : type;
}
