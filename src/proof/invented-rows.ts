import { quoteLiteral } from "../core/quoting.ts";
import type { Fillable, FillableColumn, FillableTable, ForeignKey } from "./fillable.ts";
import { literalsOf } from "./suggestions.ts";

/** A table to fill. */
export interface Filling {
  readonly schema: string;
  readonly fillable: Fillable;
  readonly table: FillableTable;
  /** The minimum number of rows. */
  readonly rows: number;
  /** True if the last row has NULL in every nullable column. */
  readonly nulls: boolean;
  /** The number of existing rows: values begin after them. */
  readonly after: number;
  /** Foreign keys to tables that are filled later, or in the same block. */
  readonly open: readonly ForeignKey[];
}

/** One row to insert. */
export interface InsertedRow {
  readonly number: number;
  /** True if it has NULL or a default in every column that allows it. */
  readonly bare: boolean;
  /** The number of the row whose values it repeats, except in unique columns. */
  readonly like?: number;
  /** The number of the row in other tables that its foreign keys refer to. */
  readonly parent: number;
  /** The columns with NULL. */
  readonly empty: ReadonlySet<string>;
  /** The columns with a special value, as SQL. */
  readonly given: ReadonlyMap<string, string>;
}

/** Rows with values; the last one with NULL where it is allowed, if NULL is wanted. */
export function usualRows(filling: Filling): InsertedRow[] {
  const { table, nulls, after } = filling;
  const nullable = new Set(
    table.columns.flatMap(({ name, notNull }) =>
      notNull || table.partitionKey.includes(name) ? [] : [name],
    ),
  );
  const rows = countOf(filling);
  return Array.from({ length: rows }, (_, index) => {
    const number = after + index + 1;
    const bare = nulls && index > 0 && index === rows - 1;
    const empty = bare ? nullable : new Set<string>();
    return { number, parent: number, bare, empty, given: new Map() };
  });
}

/** An enum with more values than this does not get a row for each value. */
const mostLabels = 30;

/** The number of usual rows: enough for each value of an enum to be in a row that is not bare. */
function countOf({ table, fillable, rows, nulls }: Filling): number {
  const labels = table.columns.map(({ type }) => labelsOf(fillable, type));
  return Math.max(rows, Math.min(Math.max(0, ...labels), mostLabels) + (nulls ? 1 : 0));
}

/** The number of values of the enum that a type is based on; 0 for all other types. */
function labelsOf({ types }: Pick<Fillable, "types">, id: string): number {
  const type = types[id];
  if (type === undefined) return 0;
  return type.labels?.length ?? (type.inner === null ? 0 : labelsOf({ types }, type.inner));
}

/**
 * One more row with the values of the first one, except in unique columns: a new unique index has to fail in the proof if
 * tenants can have equal rows.
 */
export function twin(filling: Filling): InsertedRow {
  const number = filling.after + countOf(filling) + 1;
  return {
    number,
    like: filling.after + 1,
    parent: 1,
    empty: new Set(),
    bare: false,
    given: new Map(),
  };
}

/** The text constants in the checks of a column. */
function textConstants({ checks }: FillableTable, { name }: FillableColumn): string[] {
  const literals = checks
    .filter(({ columns }) => columns.includes(name))
    .flatMap(({ definition }) => literalsOf(definition));
  return [...new Set(literals)].filter((literal) => literal.startsWith("'"));
}

/** Checks of several columns can require exactly one of them, all but one, or a certain text in one. */
const mostRowsForChecks = 40;

/** Rows with combinations of NULL and constants that checks of several columns can accept. */
export function rowsForChecks(filling: Filling): InsertedRow[] {
  const { table, fillable, after } = filling;
  const rows = countOf(filling);
  const checks = table.checks.filter(({ columns }) => columns.length > 1);
  const mentioned = table.columns.filter(({ name }) =>
    checks.some(({ columns }) => columns.includes(name)),
  );
  const nullable = mentioned.filter(({ notNull }) => !notNull).map(({ name }) => name);
  const empties = [
    [],
    nullable,
    ...nullable.flatMap((one) => [nullable.filter((name) => name !== one), [one]]),
  ];
  const givens = mentioned.flatMap((column) => {
    const type = fillable.types[column.type];
    const words = type?.labels ?? (type?.category === "S" ? textConstants(table, column) : []);
    return words
      .slice(0, 4)
      .map((word): [string, string] => [column.name, type?.labels ? quoteLiteral(word) : word]);
  });
  if (checks.length === 0) return [];
  return [undefined, ...givens]
    .flatMap((given) => empties.map((empty) => ({ given, empty })))
    .slice(0, mostRowsForChecks)
    .map(({ given, empty }, index) => ({
      number: after + rows + index + 2,
      parent: index + 1,
      bare: false,
      empty: new Set(empty.filter((name) => name !== given?.[0])),
      given: new Map(given === undefined ? [] : [given]),
    }));
}
