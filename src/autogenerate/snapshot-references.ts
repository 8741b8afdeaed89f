import { nameOf, partOf, type SnapshotPart } from "./snapshot-parts.ts";

/** An object of a snapshot that needs another one. */
export interface Reference {
  /** The referring object, as shown to the user. */
  readonly from: string;
  /** The referring object, as stored in the snapshot. */
  readonly item: unknown;
  /** The key of the object that it refers to. */
  readonly to: string;
  /** True for the columns of an index or a key: PostgreSQL rebuilds those when the type of a column changes. */
  readonly follows: boolean;
}

/** The key of an object in references, such as a column. Its parts can contain any character except the separator. */
export function referenceKey(...parts: readonly string[]): string {
  return parts.join("\0");
}

/** The key for columns of a table that are unique together. */
export function uniqueKey(table: string, columns: unknown): string {
  return referenceKey("unique", table, ...list(columns).map(String).sort());
}

/**
 * All references in a snapshot. In SQL text, a word counts as a reference if it is the name of a table, a view or a
 * column.
 *
 * @param known snapshots that contain these tables, views and columns
 */
export function references(snapshot: SnapshotPart, known: readonly SnapshotPart[]): Reference[] {
  return [
    ...snapshotTables(snapshot).flatMap(([name, table]) => tableReferences(name, table, known)),
    ...itemsOf(snapshot, "views").flatMap(([name, view]) =>
      textTargets([view.definition], known)
        .filter((to) => to !== referenceKey("view", name))
        .map((to) => ({ from: `view ${nameOf(name)}`, item: view, to, follows: false })),
    ),
    ...schemaReferences(snapshot),
  ];
}

/** `public` is in no snapshot's list of schemas, so a reference to it never breaks. */
function schemaReferences(snapshot: SnapshotPart): Reference[] {
  const parts = { table: "tables", enum: "enums", sequence: "sequences", view: "views" };
  return Object.entries(parts).flatMap(([kind, part]) =>
    itemsOf(snapshot, part).map(([name, { schema }]) => ({
      from: `${kind} ${nameOf(name)}`,
      item: schema,
      to: referenceKey("schema", String(schema)),
      follows: false,
    })),
  );
}

function tableReferences(name: string, table: SnapshotPart, known: readonly SnapshotPart[]) {
  const columns = (names: unknown) => columnKeys(name, names);
  const mentioned = (...texts: readonly unknown[]) =>
    columns(mentions(texts, columnsOf(name, known)));
  const from = (
    kind: string,
    part: string,
    to: (item: SnapshotPart) => readonly string[],
    follows = false,
  ) =>
    itemsOf(table, part).flatMap(([key, item]): Reference[] =>
      to(item).map((target) => ({
        from: `${kind} ${nameOf(name)}.${key}`,
        item,
        to: target,
        follows,
      })),
    );
  return [
    ...from("column", "columns", (column) => [
      ...enumOf(column),
      ...mentioned(objectOf(column.generated).as),
      ...sequencesIn(column.default, known),
    ]),
    ...from("index", "indexes", (index) => mentioned(...indexExpressions(index), index.where)),
    ...from("index", "indexes", (index) => columns(plainColumns(index)), true),
    ...from("foreign key", "foreignKeys", (key) => foreignKeyTargets(name, key)),
    ...from("primary key", "compositePrimaryKeys", (key) => columns(key.columns), true),
    ...from("unique constraint", "uniqueConstraints", (key) => columns(key.columns), true),
    ...from("check", "checkConstraints", (check) => mentioned(check.value)),
    ...from("policy", "policies", (policy) => [
      ...list(policy.to).map((role) => referenceKey("role", String(role))),
      ...mentioned(policy.using, policy.withCheck),
      ...textTargets([policy.using, policy.withCheck], known).filter(
        (to) => to !== referenceKey("table", name),
      ),
    ]),
  ];
}

function columnKeys(table: string, names: unknown): string[] {
  return list(names).map((column) => referenceKey("column", table, String(column)));
}

/** The columns on both sides of a foreign key, and the uniqueness that it needs. */
function foreignKeyTargets(table: string, key: SnapshotPart): string[] {
  const target = `${key.schemaTo || "public"}.${key.tableTo}`;
  return [
    ...columnKeys(table, key.columnsFrom),
    ...columnKeys(target, key.columnsTo),
    uniqueKey(target, key.columnsTo),
  ];
}

function indexExpressions({ columns }: SnapshotPart): unknown[] {
  return (list(columns) as SnapshotPart[]).flatMap(({ expression, isExpression }) =>
    isExpression === true ? [expression] : [],
  );
}

function plainColumns({ columns }: SnapshotPart): unknown[] {
  return (list(columns) as SnapshotPart[]).flatMap(({ expression, isExpression }) =>
    isExpression === true ? [] : [expression],
  );
}

/** The enum of a column, or of an array's elements. */
function enumOf({ type, typeSchema }: SnapshotPart): string[] {
  if (typeof typeSchema !== "string") return [];
  return [referenceKey("enum", `${typeSchema}.${String(type).replace(/(\[\d*\])+$/, "")}`)];
}

/** The tables and views whose names are words in SQL, and those of their columns whose names are, too. */
function textTargets(texts: readonly unknown[], known: readonly SnapshotPart[]): string[] {
  const words = sqlWords(texts);
  const tables = [...new Map(known.flatMap(snapshotTables))].flatMap(([key, table]) => {
    if (!words.has(String(table.name))) return [];
    const columns = [...columnsOf(key, known)].filter((column) => words.has(column));
    return [
      referenceKey("table", key),
      ...columns.map((column) => referenceKey("column", key, column)),
    ];
  });
  return [...tables, ...namedIn(words, "view", "views", known)];
}

/** `nextval('numbers')` names a sequence. */
function sequencesIn(text: unknown, known: readonly SnapshotPart[]): string[] {
  return typeof text === "string" && text.includes("nextval")
    ? namedIn(sqlWords([text]), "sequence", "sequences", known)
    : [];
}

function namedIn(
  words: ReadonlySet<string>,
  kind: string,
  part: string,
  known: readonly SnapshotPart[],
): string[] {
  return [...new Map(known.flatMap((side) => itemsOf(side, part)))].flatMap(([key, { name }]) =>
    words.has(String(name)) ? [referenceKey(kind, key)] : [],
  );
}

function mentions(texts: readonly unknown[], names: ReadonlySet<string>): string[] {
  return [...sqlWords(texts)].filter((word) => names.has(word));
}

/** The quoted names and the other words of SQL, which PostgreSQL converts to lower case. */
function sqlWords(texts: readonly unknown[]): Set<string> {
  const sql = texts.filter((text) => typeof text === "string").join(" ");
  const words = sql.match(/"(?:[^"]|"")+"|[\p{L}\p{N}_$]+/gu) ?? [];
  return new Set(
    words.map((word) =>
      word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word.toLowerCase(),
    ),
  );
}

/** The columns that a table has in any of these snapshots. */
function columnsOf(table: string, known: readonly SnapshotPart[]): Set<string> {
  return new Set(
    known.flatMap((side) => Object.keys(partOf(partOf(partOf(side, "tables"), table), "columns"))),
  );
}

/** The tables of a snapshot by their keys. */
export function snapshotTables(snapshot: SnapshotPart): [string, SnapshotPart][] {
  return itemsOf(snapshot, "tables");
}

/** The objects of a kind in a snapshot or a table, by their keys. */
export function itemsOf(of: SnapshotPart, part: string): [string, SnapshotPart][] {
  return Object.entries(partOf(of, part)) as [string, SnapshotPart][];
}

export function objectOf(value: unknown): SnapshotPart {
  return typeof value === "object" && value !== null ? (value as SnapshotPart) : {};
}

/** A value as an array; empty if it is not an array. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
