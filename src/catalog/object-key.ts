/** An object of the database as `catalog:oid`, such as `pg_class:16402`. */
export type ObjectKey = string;

export function objectKey(catalog: string, oid: number): ObjectKey {
  return `${catalog}:${oid}`;
}

/** Keys as the parameters $1 and $2 of a query that selects from `keysInParameters`. */
export function keyParameters(keys: Iterable<ObjectKey>): [catalogs: string[], oids: string[]] {
  const pairs = [...keys].map((key) => key.split(":"));
  return [pairs.map(([catalog = ""]) => catalog), pairs.map(([, oid = ""]) => oid)];
}

/** A FROM item with the columns `catalog` and `oid`. */
export const keysInParameters =
  "(SELECT catalog::regclass::oid AS catalog, oid FROM unnest($1::text[], $2::oid[]) AS w (catalog, oid))";
