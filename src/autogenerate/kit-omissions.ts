import { quoteIdentifier } from "../core/quoting.ts";
import type { Rename } from "./decisions.ts";
import type { Snapshot } from "./kit-types.ts";
import { type ObjectPair, objectsInBoth, type SnapshotObject } from "./snapshot-objects.ts";
import { partOf, type SnapshotPart } from "./snapshot-parts.ts";
import type { Diff } from "./statement-order.ts";

/**
 * Adds changes that drizzle-kit leaves out. It has no statement for a policy that loses a condition, and 0.31 has none for
 * a view that becomes a materialized view: these are dropped and created again. It never writes NO CYCLE for a sequence,
 * and never renames the sequence of an identity column.
 *
 * @param renames the sequences of renamed tables and columns keep their names, as in PostgreSQL
 */
export async function withOmittedChanges(
  diff: Diff,
  previous: Snapshot,
  current: Snapshot,
  renames: readonly Rename[],
): Promise<string[]> {
  const pairs = objectsInBoth(previous, current);
  const remade = pairs.filter(mustBeRecreated).map(([before]) => before);
  const statements =
    remade.length === 0
      ? await diff(previous, current)
      : await diffRecreating(diff, previous, current, remade);
  return [...withNoCycle(statements, pairs), ...renamedSequences(pairs, renames)];
}

function mustBeRecreated([before, after]: ObjectPair): boolean {
  const lost = (key: string) => isText(before.content[key]) && !isText(after.content[key]);
  if (before.kind === "policy") return lost("using") || lost("withCheck");
  if (before.kind !== "view" || before.content.isExisting || after.content.isExisting) return false;
  return (before.content.materialized === true) !== (after.content.materialized === true);
}

async function diffRecreating(
  diff: Diff,
  previous: Snapshot,
  current: Snapshot,
  remade: readonly SnapshotObject[],
): Promise<string[]> {
  const without = withoutObjects(previous, remade);
  const statements = [...(await diff(previous, without)), ...(await diff(without, current))];
  // A table that has no policies between two statements keeps its row level security.
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
  const removed = new Set<SnapshotPart>(objects.map(({ content }) => content));
  if (Array.isArray(snapshot.ddl))
    return {
      ...snapshot,
      ddl: (snapshot.ddl as SnapshotPart[]).filter((row) => !removed.has(row)),
    };
  const kept = (part: SnapshotPart) =>
    Object.fromEntries(
      Object.entries(part).filter(([, value]) => !removed.has(value as SnapshotPart)),
    );
  const tables = Object.entries(partOf(snapshot, "tables")).map(([key, table]) => [
    key,
    { ...(table as SnapshotPart), policies: kept(partOf(table as SnapshotPart, "policies")) },
  ]);
  return {
    ...snapshot,
    tables: Object.fromEntries(tables),
    views: kept(partOf(snapshot, "views")),
    policies: kept(partOf(snapshot, "policies")),
  };
}

function withNoCycle(statements: readonly string[], pairs: readonly ObjectPair[]): string[] {
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

function renamedSequences(pairs: readonly ObjectPair[], renames: readonly Rename[]): string[] {
  return pairs.flatMap(([before, after]) => {
    const [from, to] = [before, after].map(({ content }) => partOf(content, "identity").name);
    if (after.kind !== "column" || !isText(from) || !isText(to) || from === to) return [];
    if (renames.some((rename) => isRenamed(rename, after))) return [];
    const schema = after.schema === "public" ? "" : `${quoteIdentifier(after.schema)}.`;
    return [`ALTER SEQUENCE ${schema}${quoteIdentifier(from)} RENAME TO ${quoteIdentifier(to)};`];
  });
}

/** True if a rename is that of a column or of its table. */
export function isRenamed({ kind, table, to }: Rename, column: SnapshotObject): boolean {
  if (kind === "table") return column.table === to;
  return kind === "column" && column.table === table && column.name === to;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
