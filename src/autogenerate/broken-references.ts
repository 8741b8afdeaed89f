import { nameOf, type Part, partOf } from "./snapshot-parts.ts";

/** Something in a snapshot that is of no use without something else. */
interface Reference {
  /** What refers, as a person reads it. */
  readonly from: string;
  /** The key of what it refers to. */
  readonly to: string;
}

/**
 * What in a merged snapshot refers to something that is not there: one side took away what the other uses. What
 * was so on a side already (a foreign key to a table of somebody else's) is left out. SQL text counts as a reference
 * to the columns, and for views to the tables, whose names are words in it.
 *
 * @returns the referring things, as a person reads them
 */
export function brokenReferences(merged: Part, ours: Part, theirs: Part): string[] {
  const known = [ours, theirs];
  const before = new Set(known.flatMap((side) => broken(side, known)).map(keyOf));
  return broken(merged, known)
    .filter((reference) => !before.has(keyOf(reference)))
    .map(({ from }) => from);
}

function broken(snapshot: Part, known: readonly Part[]): Reference[] {
  const there = targets(snapshot);
  return references(snapshot, known).filter(({ to }) => !there.has(to));
}

/** Names may hold any character but this one. */
const join = (...parts: readonly string[]) => parts.join("\0");
const keyOf = ({ from, to }: Reference) => join(from, to);

function targets(snapshot: Part): Set<string> {
  const named = (kind: string, part: string) =>
    Object.keys(partOf(snapshot, part)).map((name) => join(kind, name));
  const columns = tablesOf(snapshot).flatMap(([table, { columns }]) =>
    Object.keys(objectOf(columns)).map((column) => join("column", table, column)),
  );
  return new Set([
    ...named("table", "tables"),
    ...named("enum", "enums"),
    ...named("role", "roles"),
    ...named("schema", "schemas"),
    ...columns,
  ]);
}

function references(snapshot: Part, known: readonly Part[]): Reference[] {
  return [
    ...tablesOf(snapshot).flatMap(([name, table]) => tableReferences(name, table, known)),
    ...itemsOf(snapshot, "views").flatMap(([name, view]) =>
      viewTargets(view, known).map((to) => ({ from: `view ${nameOf(name)}`, to })),
    ),
    ...schemaReferences(snapshot),
  ];
}

/** `public` is in no snapshot's list of schemas, neither before nor after. */
function schemaReferences(snapshot: Part): Reference[] {
  const parts = { table: "tables", enum: "enums", sequence: "sequences", view: "views" };
  return Object.entries(parts).flatMap(([kind, part]) =>
    itemsOf(snapshot, part).map(([name, { schema }]) => ({
      from: `${kind} ${nameOf(name)}`,
      to: join("schema", String(schema)),
    })),
  );
}

function tableReferences(name: string, table: Part, known: readonly Part[]): Reference[] {
  const columns = (of: string, names: unknown) =>
    list(names).map((column) => join("column", of, String(column)));
  const mentioned = (...texts: readonly unknown[]) =>
    columns(name, mentions(texts, columnsOf(name, known)));
  const from = (kind: string, part: string, to: (item: Part) => readonly string[]) =>
    itemsOf(table, part).flatMap(([item, value]) =>
      to(value).map((target) => ({ from: `${kind} ${nameOf(name)}.${item}`, to: target })),
    );
  return [
    ...from("column", "columns", (column) => [
      ...enumOf(column),
      ...mentioned(objectOf(column.generated).as),
    ]),
    ...from("index", "indexes", (index) => [
      ...(list(index.columns) as Part[]).flatMap(({ expression, isExpression }) =>
        isExpression === true ? mentioned(expression) : columns(name, [expression]),
      ),
      ...mentioned(index.where),
    ]),
    ...from("foreign key", "foreignKeys", (foreign) => [
      ...columns(name, foreign.columnsFrom),
      ...columns(`${foreign.schemaTo || "public"}.${foreign.tableTo}`, foreign.columnsTo),
    ]),
    ...from("primary key", "compositePrimaryKeys", (primary) => columns(name, primary.columns)),
    ...from("unique constraint", "uniqueConstraints", (unique) => columns(name, unique.columns)),
    ...from("check", "checkConstraints", (check) => mentioned(check.value)),
    ...from("policy", "policies", (policy) => [
      ...list(policy.to).map((role) => join("role", String(role))),
      ...mentioned(policy.using, policy.withCheck),
    ]),
  ];
}

/** The enum of a column, or of an array's elements. */
function enumOf({ type, typeSchema }: Part): string[] {
  if (typeof typeSchema !== "string") return [];
  return [join("enum", `${typeSchema}.${String(type).replace(/(\[\d*\])+$/, "")}`)];
}

function viewTargets({ definition }: Part, known: readonly Part[]): string[] {
  const tables = new Map(known.flatMap(tablesOf));
  const words = wordsOf([definition]);
  return [...tables].flatMap(([name, table]) => {
    if (!words.has(String(table.name))) return [];
    const columns = [...columnsOf(name, known)].filter((column) => words.has(column));
    return [join("table", name), ...columns.map((column) => join("column", name, column))];
  });
}

function mentions(texts: readonly unknown[], names: ReadonlySet<string>): string[] {
  return [...wordsOf(texts)].filter((word) => names.has(word));
}

/** The quoted names and the plain words of SQL; PostgreSQL reads the latter in lower case. */
function wordsOf(texts: readonly unknown[]): Set<string> {
  const sql = texts.filter((text) => typeof text === "string").join(" ");
  const words = sql.match(/"(?:[^"]|"")+"|[\p{L}\p{N}_$]+/gu) ?? [];
  return new Set(
    words.map((word) =>
      word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word.toLowerCase(),
    ),
  );
}

/** The columns that a table has on any side. */
function columnsOf(table: string, known: readonly Part[]): Set<string> {
  return new Set(
    known.flatMap((side) => Object.keys(partOf(partOf(partOf(side, "tables"), table), "columns"))),
  );
}

function tablesOf(snapshot: Part): [string, Part][] {
  return itemsOf(snapshot, "tables");
}

function itemsOf(of: Part, part: string): [string, Part][] {
  return Object.entries(partOf(of, part)) as [string, Part][];
}

function objectOf(value: unknown): Part {
  return typeof value === "object" && value !== null ? (value as Part) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
