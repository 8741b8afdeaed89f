import { quoteIdentifier } from "../core/quoting.ts";
import type { ForeignKey } from "./fillable.ts";
import type { Filling } from "./invented-rows.ts";

/** The columns of the VALUES list that hold the number of a row and of its parent row. */
export const rowColumn = quoteIdentifier("drizzle-fleet row");
export const parentColumn = quoteIdentifier("drizzle-fleet parent");

/** The join that finds the row to which a foreign key refers. */
export interface LookUp {
  readonly alias: string;
  readonly join: string;
}

/**
 * The joins for foreign key columns: each row refers to the parent row at the same position. Keys that share columns refer
 * to the same values; a second key to the same table refers to the next row.
 */
export function lookUps(filling: Filling): ReadonlyMap<string, LookUp> {
  const found = new Map<string, LookUp>();
  const keys = filling.table.foreignKeys.filter(
    (key) => !filling.open.includes(key) && !isOwn(filling, key),
  );
  for (const [index, key] of keys.entries()) {
    const shift = keys.slice(0, index).filter(({ table }) => table === key.table).length;
    const fresh = key.columns.filter((column) => !found.has(column));
    if (fresh.length === 0) continue;
    const look = lookUp(key, `f${index}`, shift, found);
    for (const column of fresh) found.set(column, look);
  }
  return found;
}

function lookUp(
  key: ForeignKey,
  alias: string,
  shift: number,
  found: ReadonlyMap<string, LookUp>,
): LookUp {
  const pairs = key.columns.map((column, index) => ({
    column: quoteIdentifier(column),
    value: `r.${quoteIdentifier(key.references[index] ?? column)}`,
    earlier: found.get(column)?.alias,
  }));
  const conditions = pairs.map(({ column, value, earlier }) =>
    earlier === undefined ? `${value} IS NOT NULL` : `${value} = ${earlier}.${column}`,
  );
  const parent = `${quoteIdentifier(key.schema)}.${quoteIdentifier(key.table)} AS r WHERE ${conditions.join(" AND ")}`;
  const selected = pairs.map(({ column, value }) => `${value} AS ${column}`).join(", ");
  const join = `LEFT JOIN LATERAL (SELECT ${selected} FROM ${parent} ORDER BY ${pairs.map(({ value }) => value).join(", ")}
    OFFSET (v.${parentColumn} - 1 + ${shift}) % greatest((SELECT count(*) FROM ${parent}), 1) LIMIT 1) AS ${alias} ON true`;
  return { alias, join };
}

function isOwn({ schema, table }: Filling, key: ForeignKey): boolean {
  return key.table === table.name && key.schema === schema;
}

/**
 * Fills foreign keys to the same table: a row refers to the previous row, or to itself if it needs a reference or the key
 * has several columns.
 */
export function withSelfReferences(filling: Filling, source: string): string {
  const { foreignKeys, columns } = filling.table;
  const own = foreignKeys.filter((key) => isOwn(filling, key));
  const foreign = foreignKeys.filter((key) => !own.includes(key)).flatMap((key) => key.columns);
  const replaced = new Map<string, string>();
  for (const key of own)
    for (const [index, column] of key.columns.entries()) {
      const reference = `s.${quoteIdentifier(key.references[index] ?? column)}`;
      const value = `s.${quoteIdentifier(column)}`;
      if (foreign.includes(column) || value === reference || replaced.has(column)) continue;
      const before =
        key.columns.length > 1 ? reference : `lag(${reference}) OVER (ORDER BY s.${rowColumn})`;
      const isRequired = columns.some(({ name, notNull }) => name === column && notNull);
      const pointed = isRequired ? `coalesce(${before}, ${reference})` : before;
      replaced.set(column, `CASE WHEN ${value} IS NOT NULL THEN ${pointed} END`);
    }
  if (replaced.size === 0) return source;
  const selected = columns.map(({ name }) => {
    const quoted = quoteIdentifier(name);
    return `${replaced.get(name) ?? `s.${quoted}`} AS ${quoted}`;
  });
  return `SELECT s.${rowColumn}, ${selected.join(", ")} FROM (${source}) AS s`;
}
