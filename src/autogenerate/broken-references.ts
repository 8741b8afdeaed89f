import { nameOf, type Part, partOf } from "./snapshot-parts.ts";

/** Something in a snapshot that is of no use without something else. */
export interface Reference {
  /** What refers, as a person reads it. */
  readonly from: string;
  /** What refers, as the snapshot has it. */
  readonly item: unknown;
  /** The key of what it refers to. */
  readonly to: string;
  /** True for an index's or a key's own columns: PostgreSQL carries those along when the type of a column changes. */
  readonly follows: boolean;
}

/**
 * What in a merged snapshot refers to something that is not there: one side took away what the other uses. What
 * was so on a side already (a foreign key to a table that no snapshot has) is left out. SQL text counts as a reference
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

/** The key that a reference has for a column, a view or an enum. */
export const referenceKey = join;

const keyOf = ({ from, to }: Pick<Reference, "from" | "to">) => join(from, to);

function targets(snapshot: Part): Set<string> {
  const named = (kind: string, part: string) =>
    Object.keys(partOf(snapshot, part)).map((name) => join(kind, name));
  const columns = tablesOf(snapshot).flatMap(([table, { columns }]) =>
    Object.keys(objectOf(columns)).map((column) => join("column", table, column)),
  );
  return new Set([
    ...named("table", "tables"),
    ...named("view", "views"),
    ...named("sequence", "sequences"),
    ...named("enum", "enums"),
    ...named("role", "roles"),
    ...named("schema", "schemas"),
    ...columns,
    ...tablesOf(snapshot).flatMap(([table, one]) => uniqueIn(table, one)),
  ]);
}

/** The columns of a table that are unique together, which is what a foreign key needs. */
function uniqueIn(name: string, table: Part): string[] {
  const items = (part: string) => Object.values(partOf(table, part)) as Part[];
  const indexes = items("indexes").flatMap(({ columns, isUnique, where }) => {
    const own = list(columns) as Part[];
    const plain = isUnique === true && !where && !own.some(({ isExpression }) => isExpression);
    return plain ? [own.map(({ expression }) => expression)] : [];
  });
  const keys = [...items("compositePrimaryKeys"), ...items("uniqueConstraints")];
  const single = items("columns").filter(({ primaryKey }) => primaryKey === true);
  return [
    ...indexes,
    ...keys.map(({ columns }) => list(columns)),
    ...single.map(({ name: column }) => [column]),
  ].map((columns) => unique(name, columns));
}

function unique(table: string, columns: unknown): string {
  return join("unique", table, ...list(columns).map(String).sort());
}

/**
 * What in a snapshot refers to what.
 *
 * @param known snapshots with the tables, views and columns whose names count as references in SQL text
 */
export function references(snapshot: Part, known: readonly Part[]): Reference[] {
  return [
    ...tablesOf(snapshot).flatMap(([name, table]) => tableReferences(name, table, known)),
    ...itemsOf(snapshot, "views").flatMap(([name, view]) =>
      textTargets([view.definition], known)
        .filter((to) => to !== join("view", name))
        .map((to) => ({ from: `view ${nameOf(name)}`, item: view, to, follows: false })),
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
      item: schema,
      to: join("schema", String(schema)),
      follows: false,
    })),
  );
}

function tableReferences(name: string, table: Part, known: readonly Part[]): Reference[] {
  const columns = (of: string, names: unknown) =>
    list(names).map((column) => join("column", of, String(column)));
  const mentioned = (...texts: readonly unknown[]) =>
    columns(name, mentions(texts, columnsOf(name, known)));
  const from = (
    kind: string,
    part: string,
    to: (item: Part) => readonly string[],
    follows = false,
  ) =>
    itemsOf(table, part).flatMap(([key, item]) =>
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
    ...from("index", "indexes", ({ columns: own, where }) => [
      ...(list(own) as Part[]).flatMap(({ expression, isExpression }) =>
        isExpression === true ? mentioned(expression) : [],
      ),
      ...mentioned(where),
    ]),
    ...from("index", "indexes", (index) => columns(name, plainColumns(index)), true),
    ...from("foreign key", "foreignKeys", (foreign) => {
      const target = `${foreign.schemaTo || "public"}.${foreign.tableTo}`;
      return [
        ...columns(name, foreign.columnsFrom),
        ...columns(target, foreign.columnsTo),
        unique(target, foreign.columnsTo),
      ];
    }),
    ...from("primary key", "compositePrimaryKeys", (key) => columns(name, key.columns), true),
    ...from("unique constraint", "uniqueConstraints", (key) => columns(name, key.columns), true),
    ...from("check", "checkConstraints", (check) => mentioned(check.value)),
    ...from("policy", "policies", (policy) => [
      ...list(policy.to).map((role) => join("role", String(role))),
      ...mentioned(policy.using, policy.withCheck),
      ...textTargets([policy.using, policy.withCheck], known).filter(
        (to) => to !== join("table", name),
      ),
    ]),
  ];
}

function plainColumns({ columns }: Part): unknown[] {
  return (list(columns) as Part[]).flatMap(({ expression, isExpression }) =>
    isExpression === true ? [] : [expression],
  );
}

/** The enum of a column, or of an array's elements. */
function enumOf({ type, typeSchema }: Part): string[] {
  if (typeof typeSchema !== "string") return [];
  return [join("enum", `${typeSchema}.${String(type).replace(/(\[\d*\])+$/, "")}`)];
}

/** The tables and views whose names are words in SQL, with those of their columns that are, too. */
function textTargets(texts: readonly unknown[], known: readonly Part[]): string[] {
  const words = wordsOf(texts);
  const tables = [...new Map(known.flatMap(tablesOf))].flatMap(([key, table]) => {
    if (!words.has(String(table.name))) return [];
    const columns = [...columnsOf(key, known)].filter((column) => words.has(column));
    return [join("table", key), ...columns.map((column) => join("column", key, column))];
  });
  return [...tables, ...namedIn(words, "view", "views", known)];
}

/** `nextval('numbers')` names a sequence. */
function sequencesIn(text: unknown, known: readonly Part[]): string[] {
  return typeof text === "string" && text.includes("nextval")
    ? namedIn(wordsOf([text]), "sequence", "sequences", known)
    : [];
}

function namedIn(
  words: ReadonlySet<string>,
  kind: string,
  part: string,
  known: readonly Part[],
): string[] {
  return [...new Map(known.flatMap((side) => itemsOf(side, part)))].flatMap(([key, { name }]) =>
    words.has(String(name)) ? [join(kind, key)] : [],
  );
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

/** The tables of a snapshot by their keys. */
export function tablesOf(snapshot: Part): [string, Part][] {
  return itemsOf(snapshot, "tables");
}

/** The things of a kind in a snapshot or a table, by their keys. */
export function itemsOf(of: Part, part: string): [string, Part][] {
  return Object.entries(partOf(of, part)) as [string, Part][];
}

function objectOf(value: unknown): Part {
  return typeof value === "object" && value !== null ? (value as Part) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
