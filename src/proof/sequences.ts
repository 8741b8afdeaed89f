import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import type { Session } from "../postgres/session.ts";
import type { Subject } from "../sql/subjects.ts";

/** Columns of a schema as `table\0column`, each with whether it owns a sequence. */
export type OwnedSequences = ReadonlyMap<string, boolean>;

/** Reads which columns own a sequence. */
export async function columnsWithSequences(
  session: Session,
  schema: string,
): Promise<OwnedSequences> {
  const rows = await session.query<{ table: string; column: string; owns: boolean }>(
    `SELECT c.relname::text AS table, a.attname::text AS column, EXISTS (SELECT FROM pg_depend d
        JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
          AND d.refobjsubid = a.attnum AND d.deptype IN ('a', 'i')) AS owns
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relkind IN ('r', 'p') AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)`,
    [schema],
  );
  return new Map(rows.map(({ table, column, owns }) => [`${table}\0${column}`, owns]));
}

/**
 * The SQL that corrects the sequences of changed columns. A new identity column starts at 1, so its sequence is set above
 * the existing values; a serial's sequence keeps its type, so it gets the column's type.
 *
 * @param subjects the changed objects; only columns matter
 * @param before the columns before the change: an existing column that got a sequence can contain any values
 */
export async function sequenceCorrections(
  session: Session,
  schema: string,
  subjects: readonly Subject[],
  before: OwnedSequences,
): Promise<string[]> {
  const columns = new Set(
    subjects.flatMap(({ kind, table, name }) => (kind === "column" ? `${table}\0${name}` : [])),
  );
  if (columns.size === 0) return [];
  const owned = await session.query<Owned>(
    `SELECT t.relname::text AS table, a.attname::text AS column, s.relname::text AS sequence,
       format_type(q.seqtypid, NULL) AS type, format_type(a.atttypid, NULL) AS "columnType",
       EXISTS (SELECT FROM pg_depend u WHERE u.classid = 'pg_attrdef'::regclass AND u.refclassid = 'pg_class'::regclass AND u.refobjid = s.oid) AS "isDefault"
     FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_class t ON t.oid = d.refobjid
     JOIN pg_sequence q ON q.seqrelid = s.oid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
     WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
       AND t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)`,
    [schema],
  );
  const statements: string[] = [];
  for (const one of owned) {
    const key = `${one.table}\0${one.column}`;
    if (columns.has(key))
      statements.push(...(await correctionsOf(session, one, before.get(key) === false)));
  }
  return statements;
}

interface Owned extends Record<string, unknown> {
  readonly table: string;
  readonly column: string;
  readonly sequence: string;
  readonly type: string;
  readonly columnType: string;
  /** True if the column's default uses it. */
  readonly isDefault: boolean;
}

async function correctionsOf(
  session: Session,
  { table, column, sequence, type, columnType, isDefault }: Owned,
  isNew: boolean,
): Promise<string[]> {
  const [from, name, own] = [table, column, sequence].map(quoteIdentifier);
  // A serial column that is no longer a number does not need its sequence.
  if (!["smallint", "integer", "bigint"].includes(columnType))
    return [
      ...(isDefault ? [`ALTER TABLE ${from} ALTER COLUMN ${name} DROP DEFAULT;`] : []),
      `DROP SEQUENCE ${own};`,
    ];
  const [row] = await session.query<{ below: boolean }>(
    `SELECT coalesce((SELECT max(${name}) FROM ${from}) >= last_value + CASE WHEN is_called THEN 1 ELSE 0 END, false) AS below
     FROM ${own}`,
  );
  return [
    ...(type === columnType ? [] : [`ALTER SEQUENCE ${own} AS ${columnType};`]),
    ...(isNew || row?.below === true
      ? [`SELECT setval(${quoteLiteral(own ?? "")}, (SELECT max(${name}) FROM ${from}));`]
      : []),
  ];
}
