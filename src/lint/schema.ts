import type { Session } from "../postgres/session.ts";
import type { TracedRelation } from "./trace.ts";

/** A table, partitioned table, view or materialized view, as the catalogs describe it. */
export interface LintedTable extends TracedRelation {
  readonly isPartition: boolean;
  readonly columns: readonly LintedColumn[];
  readonly indexes: readonly LintedIndex[];
  readonly foreignKeys: readonly LintedForeignKey[];
  /** The publications that contain it. */
  readonly publications: readonly string[];
}

export interface LintedColumn {
  readonly name: string;
  /** As `format_type` writes it. */
  readonly type: string;
  readonly notNull: boolean;
  /** True if it has a default, is an identity or is generated. */
  readonly filled: boolean;
}

export interface LintedIndex {
  readonly name: string;
  /** In order, without INCLUDE; an expression is an empty string. */
  readonly columns: readonly string[];
  readonly unique: boolean;
  /** True if it has a WHERE clause. */
  readonly partial: boolean;
}

export interface LintedForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  /** The schema and the name of the table that it refers to. */
  readonly target: Pick<TracedRelation, "schema" | "name">;
}

/** The name of a relation, with its schema if that is not the tenant's. */
export function nameOf({ schema, name }: Pick<TracedRelation, "schema" | "name">): string {
  return schema === undefined ? name : `${schema}.${name}`;
}

/** The tables of a tenant schema and the shared ones, by `nameOf`. */
export type LintedSchema = ReadonlyMap<string, LintedTable>;

/**
 * Reads the tables of a tenant schema and of shared schemas.
 *
 * @param schemas the tenant schema first
 */
export async function readLintedSchema(
  session: Session,
  schemas: readonly string[],
): Promise<LintedSchema> {
  const rows = await session.query<{ table: LintedTable & { readonly schema: string | null } }>(
    query,
    [schemas, schemas[0]],
  );
  return new Map(
    rows.map(({ table }) => {
      const own = {
        ...table,
        schema: table.schema ?? undefined,
        foreignKeys: table.foreignKeys.map(({ target, ...key }) => ({
          ...key,
          target: { ...target, schema: target.schema ?? undefined },
        })),
      };
      return [nameOf(own), own];
    }),
  );
}

/** The columns with these numbers, in this order; expressions have the number 0. */
const columnsIn = (relation: string, numbers: string) =>
  `coalesce((SELECT pg_catalog.json_agg(coalesce(a.attname, '') ORDER BY k.position)
     FROM pg_catalog.unnest(${numbers}) WITH ORDINALITY AS k (number, position)
     LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = ${relation} AND a.attnum = k.number AND k.number > 0), '[]')`;

const query = `SELECT pg_catalog.json_build_object(
  'schema', nullif(n.nspname, $2), 'name', c.relname, 'kind', c.relkind, 'isPartition', c.relispartition,
  'columns', coalesce((SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod), 'notNull', a.attnotnull,
      'filled', a.atthasdef OR a.attidentity <> '') ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]'),
  'indexes', coalesce((SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', ic.relname, 'unique', i.indisunique, 'partial', i.indpred IS NOT NULL,
      'columns', ${columnsIn("c.oid", "(i.indkey::int2[])[0:i.indnkeyatts - 1]")}) ORDER BY ic.relname)
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid WHERE i.indrelid = c.oid AND i.indisvalid), '[]'),
  'foreignKeys', coalesce((SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', f.conname, 'columns', ${columnsIn("c.oid", "f.conkey")},
      'target', pg_catalog.json_build_object('schema', nullif(tn.nspname, $2), 'name', t.relname)) ORDER BY f.conname)
    FROM pg_catalog.pg_constraint f JOIN pg_catalog.pg_class t ON t.oid = f.confrelid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
    WHERE f.conrelid = c.oid AND f.contype = 'f'), '[]'),
  'publications', coalesce((SELECT pg_catalog.json_agg(p.pubname ORDER BY p.pubname) FROM pg_catalog.pg_publication_tables p
    WHERE p.schemaname = n.nspname AND p.tablename = c.relname), '[]')) AS "table"
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p', 'm', 'v')
ORDER BY n.nspname, c.relname`;
