import type { Session } from "../postgres/session.ts";

/** The type of a column, with the properties that determine its values. */
export interface ValueType {
  /** `pg_type.typname`, for example `int4`. Determines the format of values only for built-in types. */
  readonly name: string;
  /** Its name in SQL, with its schema if the session's search_path requires it. */
  readonly sql: string;
  readonly builtin: boolean;
  /** `pg_type.typtype`: b base, c composite, d domain, e enum, m multirange, p pseudo, r range. */
  readonly kind: string;
  /** `pg_type.typcategory`; A is an array. */
  readonly category: string;
  /** The type of an array's elements, a domain's base, a range's bounds, or a multirange's ranges. */
  readonly inner: string | null;
  /** A domain's type modifier for its base, such as the length; -1 for none. */
  readonly modifier: number;
  readonly labels: readonly string[] | null;
  /** A composite's columns, in order. */
  readonly attributes: readonly { readonly type: string; readonly modifier: number }[] | null;
  /** A domain's checks, as `pg_get_constraintdef` writes them. */
  readonly checks: readonly string[] | null;
  readonly notNull: boolean;
}

/** A column that an INSERT can name: not a generated one. */
export interface FillableColumn {
  readonly name: string;
  /** The key of its type in `Fillable.types`. */
  readonly type: string;
  readonly modifier: number;
  /** The type with its modifier, for casts. */
  readonly sql: string;
  readonly notNull: boolean;
  readonly identity: boolean;
  readonly default: string | null;
  /** True if the column is part of a unique index or an exclusion constraint. */
  readonly distinct: boolean;
  /** 0 for the table's first column. */
  readonly place: number;
}

export interface ForeignKey {
  readonly columns: readonly string[];
  readonly schema: string;
  readonly table: string;
  readonly references: readonly string[];
  readonly deferrable: boolean;
}

interface Check {
  readonly columns: readonly string[];
  /** As `pg_get_constraintdef` writes it. */
  readonly definition: string;
}

export interface FillableTable {
  readonly name: string;
  readonly columns: readonly FillableColumn[];
  readonly checks: readonly Check[];
  readonly foreignKeys: readonly ForeignKey[];
  /** The columns of its partition key. */
  readonly partitionKey: readonly string[];
  /** The bounds of the first level of partitions. */
  readonly bounds: readonly string[];
}

export interface Fillable {
  readonly tables: readonly FillableTable[];
  /** By oid, as text. */
  readonly types: Readonly<Record<string, ValueType>>;
}

/** The tables of one schema and the types of their columns. Partitions are filled through their parents. */
const fillable = `
WITH RECURSIVE relations AS (
  SELECT c.oid, c.relname, c.relkind FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname NOT LIKE '\\_\\_fleet%'),
columns AS (
  SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attidentity,
    pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS "default",
    EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = a.attrelid AND (i.indisunique OR i.indisexclusion)
      AND a.attnum = ANY (i.indkey::smallint[])) AS "distinct"
  FROM pg_catalog.pg_attribute a JOIN relations r ON r.oid = a.attrelid
  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''),
used(oid) AS (
  SELECT atttypid FROM columns
  UNION
  SELECT inner_types.oid FROM used JOIN pg_catalog.pg_type t ON t.oid = used.oid
  LEFT JOIN pg_catalog.pg_range g ON g.rngtypid = t.oid LEFT JOIN pg_catalog.pg_range m ON m.rngmultitypid = t.oid
  CROSS JOIN LATERAL (
    SELECT unnest(ARRAY[t.typbasetype, t.typelem, g.rngsubtype, m.rngtypid]) AS oid
    UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a
      WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) inner_types
  WHERE inner_types.oid <> 0),
types AS (
  SELECT t.oid, pg_catalog.jsonb_build_object('name', t.typname, 'sql', pg_catalog.format_type(t.oid, NULL),
    'builtin', t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace, 'kind', t.typtype, 'category', t.typcategory,
    'inner', CASE WHEN t.typtype = 'd' THEN t.typbasetype::text WHEN t.typtype = 'r' THEN g.rngsubtype::text
      WHEN t.typtype = 'm' THEN m.rngtypid::text WHEN t.typelem <> 0 THEN t.typelem::text END,
    'modifier', t.typtypmod, 'notNull', t.typnotnull,
    'labels', (SELECT pg_catalog.jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid),
    'attributes', (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('type', a.atttypid::text, 'modifier', a.atttypmod) ORDER BY a.attnum)
      FROM pg_catalog.pg_attribute a WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped),
    'checks', (SELECT pg_catalog.jsonb_agg(pg_catalog.pg_get_constraintdef(k.oid) ORDER BY k.conname)
      FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c')) AS type
  FROM used JOIN pg_catalog.pg_type t ON t.oid = used.oid
  LEFT JOIN pg_catalog.pg_range g ON g.rngtypid = t.oid LEFT JOIN pg_catalog.pg_range m ON m.rngmultitypid = t.oid)
SELECT
  (SELECT coalesce(pg_catalog.jsonb_object_agg(oid, type), '{}') FROM types) AS types,
  (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', r.relname,
    'columns', (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', a.attname, 'type', a.atttypid::text,
        'place', a.attnum - 1, 'distinct', a."distinct", 'modifier', a.atttypmod, 'sql', pg_catalog.format_type(a.atttypid, a.atttypmod),
        'notNull', a.attnotnull, 'identity', a.attidentity <> '', 'default', a."default") ORDER BY a.attnum), '[]')
      FROM columns a WHERE a.attrelid = r.oid),
    'checks', (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('definition', pg_catalog.pg_get_constraintdef(k.oid),
        'columns', (SELECT coalesce(pg_catalog.jsonb_agg(a.attname), '[]') FROM pg_catalog.pg_attribute a
          WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey))) ORDER BY k.conname), '[]')
      FROM pg_catalog.pg_constraint k WHERE k.conrelid = r.oid AND k.contype = 'c'),
    'foreignKeys', (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('schema', n.nspname, 'table', f.relname,
        'deferrable', k.condeferrable,
        'columns', (SELECT pg_catalog.jsonb_agg(a.attname ORDER BY u.position) FROM unnest(k.conkey) WITH ORDINALITY u(number, position)
          JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number),
        'references', (SELECT pg_catalog.jsonb_agg(a.attname ORDER BY u.position) FROM unnest(k.confkey) WITH ORDINALITY u(number, position)
          JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.number))
        ORDER BY pg_catalog.cardinality(k.conkey) DESC, k.conname), '[]')
      FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class f ON f.oid = k.confrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = f.relnamespace
      WHERE k.conrelid = r.oid AND k.contype = 'f' AND k.conparentid = 0),
    'partitionKey', (SELECT coalesce(pg_catalog.jsonb_agg(a.attname ORDER BY u.position), '[]') FROM pg_catalog.pg_partitioned_table p,
        unnest(p.partattrs::smallint[]) WITH ORDINALITY u(number, position)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum = u.number WHERE p.partrelid = r.oid),
    'bounds', (SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.pg_get_expr(c.relpartbound, c.oid) ORDER BY c.relname), '[]')
      FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = r.oid AND c.relispartition)
  ) ORDER BY r.relname), '[]') FROM relations r) AS tables`;

/** Reads the tables of a schema with the properties that determine valid rows, with one query. */
export async function readFillable(session: Session, schema: string): Promise<Fillable> {
  const [found] = await session.query<{ tables: FillableTable[]; types: Fillable["types"] }>(
    fillable,
    [schema],
  );
  const { tables, types } = found ?? { tables: [], types: {} };
  const known = (column: FillableColumn) => ({
    ...column,
    notNull: column.notNull || isNeverNull(types, column.type),
  });
  return {
    types,
    tables: tables.map((table) => ({ ...table, columns: table.columns.map(known) })),
  };
}

/** A domain also has the NOT NULL of its base. */
function isNeverNull(types: Fillable["types"], id: string): boolean {
  const type = types[id];
  if (type?.kind !== "d" || type.inner === null) return false;
  return type.notNull || isNeverNull(types, type.inner);
}
