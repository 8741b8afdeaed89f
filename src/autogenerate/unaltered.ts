import { quoteIdentifier } from "../core/quoting.ts";
import type { Rename } from "./decisions.ts";
import type { Snapshot } from "./kit-types.ts";
import { objectsOf, type SnapshotObject } from "./snapshot-objects.ts";
import { type Part, partOf } from "./snapshot-parts.ts";

/** The diff of two snapshots, as drizzle-kit makes it. */
type Diff = (previous: Snapshot, current: Snapshot) => Promise<string[]>;

/** The same object, before and after. */
type Pair = readonly [before: SnapshotObject, after: SnapshotObject];

/**
 * Adds what drizzle-kit leaves out. It has no statement for a policy that loses a condition, nor 0.31 for a view that
 * becomes a materialized one: these are dropped and made again. It never says NO CYCLE for a sequence, and never renames
 * the sequence of an identity column.
 *
 * @param renames what was renamed: the sequences of renamed tables and columns keep their names, as in PostgreSQL
 */
export async function withUnaltered(
  diff: Diff,
  previous: Snapshot,
  current: Snapshot,
  renames: readonly Rename[],
): Promise<string[]> {
  const pairs = pairsOf(previous, current);
  const remade = pairs.filter(isRemade).map(([before]) => before);
  const statements =
    remade.length === 0
      ? await diff(previous, current)
      : await remaking(diff, previous, current, remade);
  return [...withNoCycle(statements, pairs), ...renamedSequences(pairs, renames)];
}

/** The objects that two snapshots both have, by their names. */
export function pairsOf(previous: Snapshot, current: Snapshot): Pair[] {
  const before = new Map(objectsOf(previous).map((one) => [keyOf(one), one]));
  return objectsOf(current).flatMap((after): Pair[] => {
    const one = before.get(keyOf(after));
    return one === undefined ? [] : [[one, after]];
  });
}

function keyOf({ kind, schema, table, name }: SnapshotObject): string {
  return JSON.stringify([kind, schema, table, name]);
}

function isRemade([before, after]: Pair): boolean {
  const lost = (key: string) => isText(before.content[key]) && !isText(after.content[key]);
  if (before.kind === "policy") return lost("using") || lost("withCheck");
  if (before.kind !== "view" || before.content.isExisting || after.content.isExisting) return false;
  return (before.content.materialized === true) !== (after.content.materialized === true);
}

async function remaking(
  diff: Diff,
  previous: Snapshot,
  current: Snapshot,
  remade: readonly SnapshotObject[],
): Promise<string[]> {
  const without = withoutObjects(previous, remade);
  const statements = [...(await diff(previous, without)), ...(await diff(without, current))];
  // A table that is without policies for a moment keeps its row level security.
  const tables = new Set(remade.flatMap(({ table }) => (table === undefined ? [] : `"${table}"`)));
  return statements.filter((statement) => {
    const [, table = ""] =
      /^ALTER TABLE (?:"[^"]+"\.)?("[^"]+") (?:EN|DIS)ABLE ROW LEVEL SECURITY;/.exec(statement) ??
      [];
    return !tables.has(table);
  });
}

/** A snapshot without these policies and views. */
function withoutObjects(snapshot: Snapshot, objects: readonly SnapshotObject[]): Snapshot {
  const gone = new Set<Part>(objects.map(({ content }) => content));
  if (Array.isArray(snapshot.ddl))
    return { ...snapshot, ddl: (snapshot.ddl as Part[]).filter((row) => !gone.has(row)) };
  const left = (part: Part) =>
    Object.fromEntries(Object.entries(part).filter(([, value]) => !gone.has(value as Part)));
  const tables = Object.entries(partOf(snapshot, "tables")).map(([key, table]) => [
    key,
    { ...(table as Part), policies: left(partOf(table as Part, "policies")) },
  ]);
  return {
    ...snapshot,
    tables: Object.fromEntries(tables),
    views: left(partOf(snapshot, "views")),
    policies: left(partOf(snapshot, "policies")),
  };
}

function withNoCycle(statements: readonly string[], pairs: readonly Pair[]): string[] {
  const stopped = pairs.flatMap(([before, after]) =>
    after.kind === "sequence" && before.content.cycle === true && after.content.cycle !== true
      ? `${quoteIdentifier(after.name)} INCREMENT BY `
      : [],
  );
  return statements.map((statement) =>
    statement.startsWith("ALTER SEQUENCE ") && stopped.some((one) => statement.includes(one))
      ? statement.replace(/;\s*$/, " NO CYCLE;")
      : statement,
  );
}

function renamedSequences(pairs: readonly Pair[], renames: readonly Rename[]): string[] {
  return pairs.flatMap(([before, after]) => {
    const [from, to] = [before, after].map(({ content }) => partOf(content, "identity").name);
    if (after.kind !== "column" || !isText(from) || !isText(to) || from === to) return [];
    if (renames.some((rename) => isOf(rename, after))) return [];
    const schema = after.schema === "public" ? "" : `${quoteIdentifier(after.schema)}.`;
    return [`ALTER SEQUENCE ${schema}${quoteIdentifier(from)} RENAME TO ${quoteIdentifier(to)};`];
  });
}

/** True when a column, or its table, was renamed. */
export function isOf({ kind, table, to }: Rename, column: SnapshotObject): boolean {
  if (kind === "table") return column.table === to;
  return kind === "column" && column.table === table && column.name === to;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
