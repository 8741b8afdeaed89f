import type { Snapshot } from "./kit-types.ts";
import { partOf, type SnapshotPart } from "./snapshot-parts.ts";

/** Makes the SQL from one snapshot to another, with drizzle-kit. */
export type Diff = (previous: Snapshot, current: Snapshot) => Promise<string[]>;

/** How a version of drizzle-kit stores enums and the objects that depend on them. */
export interface EnumModel {
  /** The values of each enum, by its name. */
  readonly enumsOf: (snapshot: Snapshot) => ReadonlyMap<string, readonly string[]>;
  /** A snapshot without the objects that can compare a column with a value of these enums. */
  readonly withoutDependents: (snapshot: Snapshot, enums: ReadonlySet<string>) => Snapshot;
}

/**
 * drizzle-kit removes a value from an enum by recreating the type, which PostgreSQL refuses while an index with a
 * condition, a check, a view or a policy compares a column with it. These are dropped first and created again afterwards.
 */
export async function diffAroundEnums(
  diff: Diff,
  previous: Snapshot,
  current: Snapshot,
  { enumsOf, withoutDependents }: EnumModel,
): Promise<string[]> {
  const after = enumsOf(current);
  const shrunk = [...enumsOf(previous)].filter(([name, values]) => {
    const remaining = after.get(name);
    return remaining !== undefined && values.some((value) => !remaining.includes(value));
  });
  if (shrunk.length === 0) return diff(previous, current);
  const names = new Set(shrunk.map(([name]) => name));
  const [dropped, changed] = [
    withoutDependents(previous, names),
    withoutDependents(current, names),
  ];
  return [
    ...(await diff(previous, dropped)),
    ...(await diff(dropped, changed)),
    ...(await diff(changed, current)),
  ];
}

/**
 * drizzle-kit 0.31 drops tables and constraints before the foreign keys that need them, and adds foreign keys before the
 * constraints that they need. Here foreign keys are dropped first and added last.
 */
export function orderForeignKeys(statements: readonly string[], previous: Snapshot): string[] {
  const names = Object.values(partOf(previous, "tables")).flatMap((table) =>
    Object.keys(partOf(table as SnapshotPart, "foreignKeys")),
  );
  const dropped = new Set(names.map((name) => `DROP CONSTRAINT "${name}"`));
  const drops = (statement: string) =>
    dropped.has(/DROP CONSTRAINT "(?:[^"]|"")+"/.exec(statement)?.[0] ?? "");
  const adds = (statement: string) =>
    /^ALTER TABLE \S+ ADD CONSTRAINT .* FOREIGN KEY /.test(statement);
  const rest = statements.filter((statement) => !drops(statement) && !adds(statement));
  return [...statements.filter(drops), ...rest, ...statements.filter(adds)];
}

/** How drizzle-kit 0.31 stores enums and the objects that depend on them. */
export const journalEnums: EnumModel = {
  enumsOf: (snapshot) =>
    new Map(
      Object.values(partOf(snapshot, "enums")).map((one) => {
        const { name, values } = one as SnapshotPart;
        return [String(name), Array.isArray(values) ? values.map(String) : []];
      }),
    ),
  withoutDependents,
};

/** See `EnumModel`. Also removes the defaults of these columns. */
function withoutDependents(snapshot: Snapshot, enums: ReadonlySet<string>): Snapshot {
  const tables = Object.entries(partOf(snapshot, "tables")).map(([key, value]) => {
    const columns = Object.values(partOf(value as SnapshotPart, "columns")) as SnapshotPart[];
    const typed = columns.filter(({ type }) => enums.has(String(type).replace(/\[.*$/, "")));
    return [
      key,
      stripped(
        value as SnapshotPart,
        typed.map(({ name }) => String(name)),
      ),
    ];
  });
  const views = Object.entries(partOf(snapshot, "views")).filter(
    ([, view]) => (view as SnapshotPart).isExisting === true,
  );
  return { ...snapshot, tables: Object.fromEntries(tables), views: Object.fromEntries(views) };
}

/** A table without the defaults of these columns, and without the index expressions, checks and policies that name them. */
function stripped(table: SnapshotPart, columns: readonly string[]): SnapshotPart {
  const names = (value: unknown) =>
    columns.some((column) => JSON.stringify(value).includes(column));
  const kept = (part: string, compares: (value: SnapshotPart) => unknown) =>
    Object.fromEntries(
      Object.entries(partOf(table, part)).filter(
        ([, value]) => !names(compares(value as SnapshotPart)),
      ),
    );
  const own = Object.entries(partOf(table, "columns")).map(([key, column]) => {
    const { default: _, ...rest } = column as SnapshotPart;
    return [key, columns.includes(key) ? rest : column];
  });
  return {
    ...table,
    columns: Object.fromEntries(own),
    indexes: kept("indexes", ({ where, columns: own }) => [
      where,
      Array.isArray(own) ? own.filter(({ isExpression }) => isExpression) : [],
    ]),
    checkConstraints: kept("checkConstraints", (check) => check),
    policies: kept("policies", (policy) => policy),
  };
}
