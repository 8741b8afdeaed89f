import type { Snapshot } from "./kit-types.ts";
import { type Part, partOf } from "./snapshot-parts.ts";

/** The diff of two snapshots, as drizzle-kit makes it. */
type Diff = (previous: Snapshot, current: Snapshot) => Promise<string[]>;

/**
 * Two things that drizzle-kit 0.31 gets wrong in its statements, put right.
 *
 * It drops tables with CASCADE before the foreign keys that lead to them, which are gone by then. And it takes a value
 * out of an enum by making the type anew, which PostgreSQL refuses while an index with a condition, a check, a view or
 * a policy compares a column with it: those are taken away first, and made again behind it.
 */
export async function ordered(
  diff: Diff,
  previous: Snapshot,
  current: Snapshot,
): Promise<string[]> {
  const shrunk = shrunkEnums(previous, current);
  if (shrunk.size === 0) return foreignKeysFirst(await diff(previous, current), previous);
  const before = withoutDependents(previous, shrunk);
  const after = withoutDependents(current, shrunk);
  return [
    ...(await diff(previous, before)),
    ...foreignKeysFirst(await diff(before, after), previous),
    ...(await diff(after, current)),
  ];
}

/** A statement that drops one of these foreign keys, before the first that drops a table. */
function foreignKeysFirst(statements: readonly string[], previous: Snapshot): string[] {
  const names = Object.values(partOf(previous, "tables")).flatMap((table) =>
    Object.keys(partOf(table as Part, "foreignKeys")),
  );
  const drops = new Set(names.map((name) => `DROP CONSTRAINT "${name}"`));
  const first = statements.findIndex((statement) => statement.startsWith("DROP TABLE "));
  if (first < 0) return [...statements];
  const isDrop = (statement: string) => {
    const drop = /DROP CONSTRAINT "(?:[^"]|"")+"/.exec(statement)?.[0];
    return drop !== undefined && drops.has(drop);
  };
  const late = statements.slice(first).filter(isDrop);
  return [
    ...statements.slice(0, first),
    ...late,
    ...statements.slice(first).filter((statement) => !isDrop(statement)),
  ];
}

/** The enums that lose a value, by name. */
function shrunkEnums(previous: Snapshot, current: Snapshot): Set<string> {
  const after = partOf(current, "enums");
  const shrunk = Object.entries(partOf(previous, "enums")).filter(([key, before]) => {
    const left = after[key];
    if (left === undefined) return false;
    const values = new Set(valuesOf(left as Part));
    return valuesOf(before as Part).some((value) => !values.has(value));
  });
  return new Set(shrunk.map(([, before]) => String((before as Part).name)));
}

function valuesOf({ values }: Part): string[] {
  return Array.isArray(values) ? values.map(String) : [];
}

/** A snapshot without all that may compare a column with one of these enums. */
function withoutDependents(snapshot: Snapshot, enums: ReadonlySet<string>): Snapshot {
  const tables = Object.entries(partOf(snapshot, "tables")).map(([key, value]) => {
    const columns = Object.values(partOf(value as Part, "columns")) as Part[];
    const typed = columns.filter(({ type }) => enums.has(String(type).replace(/\[.*$/, "")));
    return [
      key,
      stripped(
        value as Part,
        typed.map(({ name }) => String(name)),
      ),
    ];
  });
  const views = Object.entries(partOf(snapshot, "views")).filter(
    ([, view]) => (view as Part).isExisting === true,
  );
  return { ...snapshot, tables: Object.fromEntries(tables), views: Object.fromEntries(views) };
}

/** A table without the indexes with conditions or expressions, the checks and the policies that name these columns. */
function stripped(table: Part, columns: readonly string[]): Part {
  const names = (value: unknown) =>
    columns.some((column) => JSON.stringify(value).includes(column));
  const kept = (part: string, compares: (value: Part) => unknown) =>
    Object.fromEntries(
      Object.entries(partOf(table, part)).filter(([, value]) => !names(compares(value as Part))),
    );
  return {
    ...table,
    indexes: kept("indexes", ({ where, columns: own }) => [
      where,
      Array.isArray(own) ? own.filter(({ isExpression }) => isExpression) : [],
    ]),
    checkConstraints: kept("checkConstraints", (check) => check),
    policies: kept("policies", (policy) => policy),
  };
}
