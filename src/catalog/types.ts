import type { SchemaReader } from "./schema-reader.ts";

/** An enum, domain, range type or composite type that was created with CREATE TYPE or CREATE DOMAIN. */
export interface UserType {
  readonly oid: number;
  readonly name: string;
  readonly qualified: string;
  readonly kind: string;
  readonly array: number;
  /** The oid of a composite type in pg_class; 0 for other types. */
  readonly relation: number;
  readonly notNull: boolean;
  /** True if PUBLIC may not use it. */
  readonly closed: boolean;
  readonly base: string | null;
  readonly default: string | null;
  readonly collation: string | null;
  readonly labels: string[] | null;
  readonly range: RangeParts | null;
}

interface RangeParts {
  readonly subtype: string;
  readonly opclass: string;
  readonly collation: string | null;
  readonly canonical: string | null;
  readonly difference: string | null;
  readonly multirange: number;
  readonly multirangeArray: number;
  readonly multirangeName: string;
}

export async function readTypes({ session, oids }: SchemaReader): Promise<UserType[]> {
  const rows = await session.query<UserType>(
    `SELECT t.oid, t.typname AS name, format_type(t.oid, NULL) AS qualified, t.typtype AS kind, t.typarray AS array,
       t.typrelid AS relation, t.typnotnull AS "notNull",
       NOT EXISTS (SELECT FROM aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) r WHERE r.grantee = 0) AS closed,
       CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END AS base,
       pg_get_expr(t.typdefaultbin, 0) AS default,
       CASE WHEN t.typcollation <> b.typcollation THEN t.typcollation::regcollation::text END AS collation,
       CASE WHEN t.typtype = 'e' THEN ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) END AS labels,
       (SELECT json_build_object('subtype', format_type(r.rngsubtype, NULL), 'opclass', format('%I.%I', n.nspname, o.opcname),
          'collation', CASE WHEN r.rngcollation <> s.typcollation THEN r.rngcollation::regcollation::text END,
          'canonical', nullif(r.rngcanonical::oid, 0)::regproc::text, 'difference', nullif(r.rngsubdiff::oid, 0)::regproc::text,
          'multirange', r.rngmultitypid::int8, 'multirangeArray', m.typarray::int8, 'multirangeName', format_type(r.rngmultitypid, NULL))
        FROM pg_range r JOIN pg_type s ON s.oid = r.rngsubtype JOIN pg_type m ON m.oid = r.rngmultitypid
        JOIN pg_opclass o ON o.oid = r.rngsubopc JOIN pg_namespace n ON n.oid = o.opcnamespace WHERE r.rngtypid = t.oid) AS range
     FROM pg_type t LEFT JOIN pg_type b ON b.oid = t.typbasetype LEFT JOIN pg_class c ON c.oid = t.typrelid
     WHERE t.oid = ANY($1::oid[]) AND t.typtype IN ('e', 'd', 'c', 'r') AND (c.relkind IS NULL OR c.relkind = 'c')
       AND t.typname !~ '^_?__fleet' ORDER BY t.oid`,
    [oids("pg_type")],
  );
  // A range's canonical function must exist before the type that it takes. Only C functions can: they are not read.
  return rows.filter(({ range }) => range === null || range.canonical === null);
}
