import type { DumpedTable } from "../types.ts";
import type { TableContent, TextRow } from "./content.ts";

/** Columns, by table, in which each replay of a history writes other values, such as the time or random values. */
export type FreshColumns = ReadonlyMap<string, readonly string[]>;

/**
 * Compares the rows that two replays of the same history inserted.
 *
 * @param defaults the columns that have a default, by table
 * @returns the columns that differ and have a default, or else the table that differs
 */
export function freshColumns(
  first: readonly TableContent[],
  second: readonly TableContent[],
  defaults: ReadonlyMap<string, ReadonlySet<string>>,
): FreshColumns | { readonly differs: string } {
  const others = new Map(second.map(({ table, rows }) => [table.name, rows]));
  if (others.size !== first.length) return { differs: "the set of filled tables" };
  const fresh = new Map<string, string[]>();
  for (const { table, rows } of first) {
    const other = others.get(table.name) ?? [];
    const differing = table.columns.filter(
      (_, index) =>
        !sameBag(
          rows.map((row) => [row[index] ?? null]),
          other.map((row) => [row[index] ?? null]),
        ),
    );
    const own = defaults.get(table.name) ?? new Set();
    if (!differing.every((column) => own.has(column))) return { differs: table.name };
    if (!sameBag(withoutColumns(table, rows, differing), withoutColumns(table, other, differing)))
      return { differs: table.name };
    if (differing.length > 0) fresh.set(table.name, differing);
  }
  return fresh;
}

/** The rows without some of their columns. */
export function withoutColumns(
  { columns }: DumpedTable,
  rows: readonly TextRow[],
  without: readonly string[],
): TextRow[] {
  const kept = columns.flatMap((column, index) => (without.includes(column) ? [] : index));
  return rows.map((row) => kept.map((index) => row[index] ?? null));
}

/** True if both contain the same rows, equally often, in any order. */
export function sameBag(first: readonly TextRow[], second: readonly TextRow[]): boolean {
  if (first.length !== second.length) return false;
  const sorted = (rows: readonly TextRow[]) => rows.map((row) => JSON.stringify(row)).sort();
  const other = sorted(second);
  return sorted(first).every((row, index) => row === other[index]);
}
