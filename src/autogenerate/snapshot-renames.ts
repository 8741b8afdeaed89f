import { FleetError } from "../core/errors.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { Rename, RenameQuestion } from "./decisions.ts";
import type { Snapshot } from "./kit-types.ts";
import { nameOf, renameQuestions } from "./snapshot-parts.ts";

/** The parts of a snapshot that a rename can change, as drizzle-kit 0.31 writes them (version 7). */
interface RenamedParts {
  tables: Record<string, SnapshotTable>;
  enums: Record<string, NamedItem>;
  sequences: Record<string, NamedItem>;
  views: Record<string, NamedItem & { materialized?: boolean }>;
}

interface NamedItem {
  name: string;
  schema: string;
}

interface SnapshotTable extends NamedItem {
  columns: Record<string, { name: string; type: string; typeSchema?: string }>;
  indexes: Record<string, { columns: { expression: string; isExpression: boolean }[] }>;
  foreignKeys: Record<string, SnapshotForeignKey>;
  compositePrimaryKeys: Record<string, { columns: string[] }>;
  uniqueConstraints: Record<string, { columns: string[] }>;
  policies: Record<string, { name: string }>;
}

interface SnapshotForeignKey {
  tableFrom: string;
  tableTo: string;
  schemaTo?: string;
  columnsFrom: string[];
  columnsTo: string[];
}

/** Tables come first: other renames use the new table names. */
function rank({ kind }: Rename): number {
  return kind === "table" ? 0 : 1;
}

/**
 * Renames objects in a snapshot, and makes the SQL that renames them in a database.
 *
 * @param sources the schema names that the snapshots use for the schema of the target
 * @returns the snapshot with the new names: a diff from it has no questions about these objects
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
    sql.push(`${renameIn(copy as unknown as RenamedParts, rename, sources)};`);
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
        ? `The schema change does not both remove and add a ${kind}${table === undefined ? "" : ` of ${table}`}.`
        : `Removed: ${asked.removed.join(", ")}. Added: ${asked.added.join(", ")}.`,
  });
}

/** Renames an object in a snapshot; returns the SQL of the rename. */
function renameIn(parts: RenamedParts, rename: Rename, sources: readonly string[]): string {
  const { kind, from, to } = rename;
  const name = quoteIdentifier;
  const table = () => tableIn(parts, rename.table, sources);
  switch (kind) {
    case "table":
      return renameTable(parts, rename, sources);
    case "column": {
      const owner = table();
      renameColumn(parts, owner, from, to);
      return `ALTER TABLE ${qualified(owner, owner.name)} RENAME COLUMN ${name(from)} TO ${name(to)}`;
    }
    case "policy": {
      const owner = table();
      move(owner.policies, from, to);
      return `ALTER POLICY ${name(from)} ON ${qualified(owner, owner.name)} RENAME TO ${name(to)}`;
    }
    case "enum":
      return renameEnum(parts, rename, sources);
    case "sequence": {
      const { entry, was } = moveObject(parts.sequences, rename, sources);
      return `ALTER SEQUENCE ${qualified(entry, was)} RENAME TO ${name(entry.name)}`;
    }
    case "view": {
      const { entry, was } = moveObject(parts.views, rename, sources);
      return `ALTER ${entry.materialized === true ? "MATERIALIZED " : ""}VIEW ${qualified(entry, was)} RENAME TO ${name(entry.name)}`;
    }
    default:
      throw new FleetError("rename", `a tenant's migration cannot rename a ${kind}`, {
        remedy: "It belongs to the database: rename it with your own SQL in every database.",
      });
  }
}

/** Also changes the foreign keys from and to the table. */
function renameTable({ tables }: RenamedParts, rename: Rename, sources: readonly string[]): string {
  const { entry, was } = moveObject(tables, rename, sources);
  for (const owner of Object.values(tables))
    for (const key of Object.values(owner.foreignKeys)) {
      if (refersTo(key, { ...entry, name: was })) key.tableTo = entry.name;
      if (owner === entry) key.tableFrom = entry.name;
    }
  return `ALTER TABLE ${qualified(entry, was)} RENAME TO ${quoteIdentifier(entry.name)}`;
}

/** Also changes the columns of the type. */
function renameEnum(
  { enums, tables }: RenamedParts,
  rename: Rename,
  sources: readonly string[],
): string {
  const { entry, was } = moveObject(enums, rename, sources);
  for (const { columns } of Object.values(tables))
    for (const column of Object.values(columns))
      if (column.typeSchema === entry.schema) column.type = retyped(column.type, was, entry.name);
  return `ALTER TYPE ${qualified(entry, was)} RENAME TO ${quoteIdentifier(entry.name)}`;
}

/** A name in SQL. Without a schema in the Drizzle schema it gets none: the tenant's is first on the search_path. */
function qualified({ schema }: NamedItem, own: string): string {
  const qualifier = isDefault(schema) ? "" : `${quoteIdentifier(schema)}.`;
  return qualifier + quoteIdentifier(own);
}

function isDefault(schema: string | undefined): boolean {
  return schema === undefined || schema === "" || schema === "public";
}

function refersTo({ tableTo, schemaTo }: SnapshotForeignKey, table: NamedItem): boolean {
  const sameSchema = schemaTo === table.schema || (isDefault(schemaTo) && isDefault(table.schema));
  return tableTo === table.name && sameSchema;
}

/** Renames an object of a schema. If it is not the target's schema, both names begin with the schema. */
function moveObject<Entry extends NamedItem>(
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

/** Gives an entry its new key and name, in its old position: the order of entries is the order of columns. */
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

function renameColumn(
  { tables }: RenamedParts,
  table: SnapshotTable,
  from: string,
  to: string,
): void {
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

function tableIn(
  { tables }: RenamedParts,
  name: string | undefined,
  sources: readonly string[],
): SnapshotTable {
  const [, table] = Object.entries(tables).find(([key]) => nameOf(key, sources) === name) ?? [];
  if (table === undefined) throw new Error(`${name} is not in the snapshot`);
  return table;
}

/** A column's type with the enum's new name. The type can be an array of the enum. */
function retyped(type: string, from: string, to: string): string {
  return type === from || type.startsWith(`${from}[`) ? to + type.slice(from.length) : type;
}
