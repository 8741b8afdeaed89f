import type { Snapshot } from "./kit-types.ts";
import { type Part, partOf } from "./snapshot-parts.ts";

/** The diff of two snapshots, as drizzle-kit makes it. */
type Diff = (previous: Snapshot, current: Snapshot) => Promise<string[]>;

/** How a version of drizzle-kit writes down what this is about. */
export interface EnumModel {
  /** The values of each enum, by its name. */
  readonly enumsOf: (snapshot: Snapshot) => ReadonlyMap<string, readonly string[]>;
  /** A snapshot without all that may compare a column with one of these enums. */
  readonly withoutDependents: (snapshot: Snapshot, enums: ReadonlySet<string>) => Snapshot;
}

/**
 * drizzle-kit takes a value out of an enum by making the type anew, which PostgreSQL refuses while an index with a
 * condition, a check, a view or a policy compares a column with it. Those are taken away first, and made again behind it.
 *
 * @param diff what drizzle-kit makes of two snapshots
 */
export async function aroundEnums(
  diff: Diff,
  previous: Snapshot,
  current: Snapshot,
  { enumsOf, withoutDependents }: EnumModel,
): Promise<string[]> {
  const after = enumsOf(current);
  const shrunk = [...enumsOf(previous)].filter(([name, values]) => {
    const left = after.get(name);
    return left !== undefined && values.some((value) => !left.includes(value));
  });
  if (shrunk.length === 0) return diff(previous, current);
  const names = new Set(shrunk.map(([name]) => name));
  const [before, behind] = [withoutDependents(previous, names), withoutDependents(current, names)];
  return [
    ...(await diff(previous, before)),
    ...(await diff(before, behind)),
    ...(await diff(behind, current)),
  ];
}

/**
 * drizzle-kit 0.31 drops tables and constraints before the foreign keys that rest on them, and adds foreign keys before
 * the constraints that they are to rest on. Foreign keys go first here, and come last.
 */
export function foreignKeysAround(statements: readonly string[], previous: Snapshot): string[] {
  const names = Object.values(partOf(previous, "tables")).flatMap((table) =>
    Object.keys(partOf(table as Part, "foreignKeys")),
  );
  const dropped = new Set(names.map((name) => `DROP CONSTRAINT "${name}"`));
  const drops = (statement: string) =>
    dropped.has(/DROP CONSTRAINT "(?:[^"]|"")+"/.exec(statement)?.[0] ?? "");
  const adds = (statement: string) =>
    /^ALTER TABLE \S+ ADD CONSTRAINT .* FOREIGN KEY /.test(statement);
  const rest = statements.filter((statement) => !drops(statement) && !adds(statement));
  return [...statements.filter(drops), ...rest, ...statements.filter(adds)];
}

/** How drizzle-kit 0.31 writes enums, and what rests on them. */
export const journalEnums: EnumModel = {
  enumsOf: (snapshot) =>
    new Map(
      Object.values(partOf(snapshot, "enums")).map((one) => {
        const { name, values } = one as Part;
        return [String(name), Array.isArray(values) ? values.map(String) : []];
      }),
    ),
  withoutDependents,
};

/** A snapshot without all that may compare a column with one of these enums, and without their defaults. */
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

/** A table without the defaults of these columns, and without the indexes with expressions, checks and policies that name them. */
function stripped(table: Part, columns: readonly string[]): Part {
  const names = (value: unknown) =>
    columns.some((column) => JSON.stringify(value).includes(column));
  const kept = (part: string, compares: (value: Part) => unknown) =>
    Object.fromEntries(
      Object.entries(partOf(table, part)).filter(([, value]) => !names(compares(value as Part))),
    );
  const own = Object.entries(partOf(table, "columns")).map(([key, column]) => {
    const { default: _, ...rest } = column as Part;
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
