import type { Target } from "../core/target.ts";
import type { Session } from "../postgres/session.ts";

/** The sizes of tables in bytes, by service, then by name, with the schema if it is a shared one. */
export type TableSizes = ReadonlyMap<string, ReadonlyMap<string, number>>;

/**
 * Reads the sizes of all tables as the catalogs know them since the last VACUUM or ANALYZE: measuring them would lock each
 * table. Values stored outside of a row count, indexes do not. A partitioned table is the sum of its partitions.
 *
 * @param targets targets in one database
 * @param sharedSchemasOf the schemas that a service's targets share
 * @returns the size in the biggest tenant. A table that was never analysed in any tenant is missing
 */
export async function readSizes(
  session: Session,
  targets: readonly Target[],
  sharedSchemasOf: (service: string) => readonly string[],
): Promise<TableSizes> {
  const services = [...new Set(targets.map(({ service }) => service))];
  const places = [
    ...targets.map(({ schema, service }) => ({ schema, service, prefix: "" })),
    ...services.flatMap((service) =>
      sharedSchemasOf(service).map((schema) => ({ schema, service, prefix: `${schema}.` })),
    ),
  ];
  const rows = await session.query<{ service: string; name: string; bytes: string }>(sizesQuery, [
    places.map(({ schema }) => schema),
    places.map(({ service }) => service),
    places.map(({ prefix }) => prefix),
  ]);
  const sizes = new Map<string, Map<string, number>>(services.map((name) => [name, new Map()]));
  for (const { service, name, bytes } of rows) sizes.get(service)?.set(name, Number(bytes));
  return sizes;
}

const sizesQuery = `
WITH RECURSIVE places AS MATERIALIZED (
  SELECT n.oid, p.service, p.prefix
  FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[]))
    AS p(schema, service, prefix)
  JOIN pg_catalog.pg_namespace n ON n.nspname = p.schema),
tables AS MATERIALIZED (
  SELECT c.oid, p.service, p.prefix || c.relname AS name FROM places p
  JOIN pg_catalog.pg_class c ON c.relnamespace = p.oid WHERE c.relkind IN ('r', 'p', 'm')),
members AS (
  SELECT oid AS root, oid, service, name FROM tables
  UNION ALL
  SELECT m.root, i.inhrelid, m.service, m.name FROM members m JOIN pg_catalog.pg_inherits i ON i.inhparent = m.oid),
sizes AS (
  SELECT m.root, m.service, m.name, sum(c.relpages::bigint + coalesce(t.relpages, 0)) AS pages
  FROM members m JOIN pg_catalog.pg_class c ON c.oid = m.oid LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid
  WHERE c.relkind IN ('r', 'm') AND c.reltuples >= 0 GROUP BY m.root, m.service, m.name)
SELECT service, name, (max(pages) * pg_catalog.current_setting('block_size')::integer)::text AS bytes
FROM sizes GROUP BY service, name`;

/** The larger size of each table. */
export function largest(all: readonly TableSizes[]): TableSizes {
  const merged = new Map<string, Map<string, number>>();
  for (const sizes of all)
    for (const [service, own] of sizes) {
      const known = merged.get(service) ?? new Map<string, number>();
      merged.set(service, known);
      for (const [name, bytes] of own) known.set(name, Math.max(bytes, known.get(name) ?? 0));
    }
  return merged;
}
