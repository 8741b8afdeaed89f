import type { Session } from "../postgres/session.ts";

/** The size of a table as the catalogs know it since the last VACUUM or ANALYZE. */
export interface TableSize {
  readonly schema: string;
  readonly name: string;
  /** The table with its TOAST table, in bytes. */
  readonly bytes: number;
  readonly indexBytes: number;
  /** How many relations it consists of, each of which can take a lock: the table, its indexes, its TOAST table. */
  readonly relations: number;
  readonly invalidIndexes: number;
  readonly unvalidated: number;
}

/** The sizes of some tables, by schema and name. */
export class Sizes {
  readonly #bySchema = new Map<string, Map<string, TableSize>>();

  constructor(sizes: readonly TableSize[]) {
    for (const size of sizes) {
      const own = this.#bySchema.get(size.schema) ?? new Map<string, TableSize>();
      this.#bySchema.set(size.schema, own.set(size.name, size));
    }
  }

  /** Undefined for a table that does not exist. */
  of(schema: string, name: string): TableSize | undefined {
    return this.#bySchema.get(schema)?.get(name);
  }

  get all(): TableSize[] {
    return [...this.#bySchema.values()].flatMap((own) => [...own.values()]);
  }
}

/**
 * Reads the sizes of tables. `pg_relation_size` would take a lock on each, and wait for those who hold one; the numbers of
 * the last VACUUM or ANALYZE are good enough for an estimate.
 */
export async function readSizes(
  session: Session,
  schemas: readonly string[],
  tables: readonly string[],
): Promise<Sizes> {
  if (schemas.length === 0 || tables.length === 0) return new Sizes([]);
  const rows = await session.query<TableSize & Record<string, unknown>>(
    `SELECT n.nspname AS schema, c.relname AS name,
       (greatest(c.relpages, 0) + coalesce(greatest(t.relpages, 0), 0))::float8 * b.size AS bytes,
       coalesce(i.pages, 0)::float8 * b.size AS "indexBytes",
       (1 + coalesce(i.count, 0) + CASE WHEN t.oid IS NULL THEN 0 ELSE 2 END)::integer AS relations,
       coalesce(i.invalid, 0)::integer AS "invalidIndexes",
       (SELECT count(*) FROM pg_catalog.pg_constraint o WHERE o.conrelid = c.oid AND NOT o.convalidated)::integer AS unvalidated
     FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = ANY($2)
       CROSS JOIN (SELECT pg_catalog.current_setting('block_size')::integer AS size) b
       LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid
       LEFT JOIN LATERAL (SELECT count(*) AS count, sum(greatest(x.relpages, 0)) AS pages, count(*) FILTER (WHERE NOT p.indisvalid) AS invalid
         FROM pg_catalog.pg_index p JOIN pg_catalog.pg_class x ON x.oid = p.indexrelid WHERE p.indrelid = c.oid) i ON true
     WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p', 'm')`,
    [schemas, tables],
  );
  return new Sizes(rows);
}
