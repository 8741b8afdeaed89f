import type { Column, Relation, Sequence } from "../../catalog/relations.ts";
import { quoteIdentifier } from "../../core/quoting.ts";
import { sequenceOptions } from "./sequences.ts";
import { storageOptions } from "./storage-options.ts";

/** What a column's clause in CREATE TABLE depends on. */
export interface ColumnContext {
  readonly column: Column;
  /** True if the clause contains the default. The expression of a generated column is always in the clause. */
  readonly withDefault: boolean;
  /** The identity column's sequence. */
  readonly identity: { readonly relation: Relation; readonly sequence: Sequence } | undefined;
  /** The NOT NULL clause, with the constraint's name if it has one. */
  readonly notNull: string;
}

export function columnClause({ column, withDefault, identity, notNull }: ColumnContext): string {
  const { name, type, collation } = column;
  const collate = collation === null ? "" : ` COLLATE ${collation}`;
  return `${quoteIdentifier(name)} ${type}${collate}${valueClause(column, withDefault, identity)}${notNull}`;
}

function valueClause(
  { generated, identity: kind, expression }: Column,
  withDefault: boolean,
  identity: ColumnContext["identity"],
): string {
  if (generated !== "")
    return ` GENERATED ALWAYS AS (${expression}) ${generated === "v" ? "VIRTUAL" : "STORED"}`;
  if (identity !== undefined) {
    const always = kind === "a" ? "ALWAYS" : "BY DEFAULT";
    return ` GENERATED ${always} AS IDENTITY (SEQUENCE NAME ${identity.relation.qualified} ${sequenceOptions(identity.sequence)})`;
  }
  return withDefault && expression !== null ? ` DEFAULT ${expression}` : "";
}

export const storages: Readonly<Record<string, string>> = {
  p: "PLAIN",
  e: "EXTERNAL",
  m: "MAIN",
  x: "EXTENDED",
};
export const compressions: Readonly<Record<string, string>> = { p: "pglz", l: "lz4" };

/** Properties of a column that CREATE TABLE cannot contain, as actions of ALTER TABLE. */
export function columnActions(column: Column): string[] {
  const { storage, compression, statistics } = column;
  const options = storageOptions(column.options, "column");
  const alter = `ALTER COLUMN ${quoteIdentifier(column.name)}`;
  const actions: string[] = [];
  if (storage !== null) actions.push(`${alter} SET STORAGE ${storages[storage]}`);
  if (compression !== "") actions.push(`${alter} SET COMPRESSION ${compressions[compression]}`);
  if (statistics !== null) actions.push(`${alter} SET STATISTICS ${statistics}`);
  if (options !== "") actions.push(`${alter} SET (${options})`);
  return actions;
}
