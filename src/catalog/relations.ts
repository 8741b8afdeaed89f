import type { SchemaReader } from "./schema-reader.ts";

/** A table, view, materialized view or sequence: a row of pg_class. */
export interface Relation {
  readonly oid: number;
  readonly name: string;
  readonly qualified: string;
  readonly kind: string;
  readonly persistence: string;
  readonly isPartition: boolean;
  readonly bound: string | null;
  readonly partitionKey: string | null;
  readonly ofType: string | null;
  readonly options: string[] | null;
  readonly toastOptions: string[] | null;
  readonly method: string | null;
  readonly replicaIdentity: string;
  readonly rowSecurity: boolean;
  readonly forceRowSecurity: boolean;
  readonly populated: boolean;
  readonly definition: string | null;
  /** The oids of the tables that it inherits from or is a partition of, in order. */
  readonly parents: number[];
  readonly rowType: number;
  readonly rowArray: number;
  /** The oid of a view's `_RETURN` rule. */
  readonly returnRule: number | null;
}

/** Reads all relations of the schema except the ledger. */
export async function readRelations({ session, oids }: SchemaReader): Promise<Relation[]> {
  const rows = await session.query<Relation>(
    `SELECT c.oid, c.relname AS name, c.oid::regclass::text AS qualified, c.relkind AS kind, c.relpersistence AS persistence,
       c.relispartition AS "isPartition", pg_get_expr(c.relpartbound, c.oid) AS bound, pg_get_partkeydef(c.oid) AS "partitionKey",
       CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END AS "ofType", c.reloptions AS options,
       t.reloptions AS "toastOptions", CASE WHEN a.amname <> 'heap' THEN a.amname END AS method,
       c.relreplident AS "replicaIdentity", c.relrowsecurity AS "rowSecurity", c.relforcerowsecurity AS "forceRowSecurity",
       c.relispopulated AS populated, CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END AS definition,
       ARRAY(SELECT i.inhparent::int8::text FROM pg_inherits i WHERE i.inhrelid = c.oid ORDER BY i.inhseqno) AS parents,
       c.reltype AS "rowType", coalesce(r.typarray, 0) AS "rowArray",
       (SELECT w.oid FROM pg_rewrite w WHERE w.ev_class = c.oid AND w.rulename = '_RETURN') AS "returnRule"
     FROM pg_class c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid LEFT JOIN pg_am a ON a.oid = c.relam
     LEFT JOIN pg_type r ON r.oid = c.reltype
     WHERE c.oid = ANY($1::oid[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
       AND c.relname NOT LIKE '\\_\\_fleet%' ORDER BY c.oid`,
    [oids("pg_class")],
  );
  return rows.map((row) => ({ ...row, parents: row.parents.map(Number) }));
}

/** A column of a table, view or composite type. */
export interface Column {
  readonly relation: number;
  readonly number: number;
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  readonly identity: string;
  readonly generated: string;
  /** False if it is only inherited. */
  readonly local: boolean;
  readonly collation: string | null;
  readonly storage: string | null;
  readonly compression: string;
  readonly statistics: number | null;
  readonly options: string[] | null;
  readonly default: number | null;
  readonly expression: string | null;
}

/** Reads the columns of relations and composite types, in order. */
export async function readColumns(
  { session }: SchemaReader,
  relations: readonly number[],
): Promise<Column[]> {
  return session.query<Column>(
    `SELECT a.attrelid AS relation, a.attnum AS number, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
       a.attnotnull AS "notNull", a.attidentity AS identity, a.attgenerated AS generated, a.attislocal AS local,
       CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END AS collation,
       CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage END AS storage, a.attcompression AS compression,
       CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END AS statistics, a.attoptions AS options,
       d.oid AS default, pg_get_expr(d.adbin, d.adrelid) AS expression
     FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = ANY($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum`,
    [relations],
  );
}

/** A sequence's definition, and the column that owns it. */
export interface Sequence {
  readonly oid: number;
  readonly type: string;
  readonly start: string;
  readonly increment: string;
  readonly minimum: string;
  readonly maximum: string;
  readonly cache: string;
  readonly cycle: boolean;
  readonly owner: number | null;
  readonly ownerColumn: number | null;
  /** True for the sequence of an identity column. */
  readonly internal: boolean | null;
}

export async function readSequences(
  { session }: SchemaReader,
  sequences: readonly number[],
): Promise<Sequence[]> {
  return session.query<Sequence>(
    `SELECT s.seqrelid AS oid, format_type(s.seqtypid, NULL) AS type, s.seqstart AS start, s.seqincrement AS increment,
       s.seqmin AS minimum, s.seqmax AS maximum, s.seqcache AS cache, s.seqcycle AS cycle,
       d.refobjid AS owner, d.refobjsubid AS "ownerColumn", d.deptype = 'i' AS internal
     FROM pg_sequence s LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid AND d.objsubid = 0
       AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
     WHERE s.seqrelid = ANY($1::oid[]) ORDER BY s.seqrelid`,
    [sequences],
  );
}
