import type { Session } from "../postgres/session.ts";

/** A schema that is being read, under the random name it has for the time of the transaction. */
export interface Source {
  readonly session: Session;
  readonly schema: string;
  /** As `server_version_num`, such as 180000. */
  readonly version: number;
  /** The oids of what stands in the schema, by the catalog they are in. */
  readonly oids: (catalog: string) => readonly number[];
}

/** An object, as `catalog:oid`. */
export type Key = string;

export function keyOf(catalog: string, oid: number): Key {
  return `${catalog}:${oid}`;
}

/** Puts rows together that have a property in common, in their order. */
export function groupBy<Row>(
  rows: Iterable<Row>,
  by: (row: Row) => number,
): ReadonlyMap<number, readonly Row[]> {
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const group = groups.get(by(row));
    if (group === undefined) groups.set(by(row), [row]);
    else group.push(row);
  }
  return groups;
}
