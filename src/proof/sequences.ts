import { quoteIdentifier, quoteLiteral } from "../postgres/identifiers.ts";
import type { Session } from "../postgres/session.ts";
import type { Subject } from "../sql/subjects.ts";

/**
 * SQL that raises the sequences of columns above the keys that are there: a key that becomes an identity starts at 1.
 *
 * @param subjects what was changed; only its columns are looked at
 */
export async function sequencesBelow(
  session: Session,
  schema: string,
  subjects: readonly Subject[],
): Promise<string[]> {
  const columns = new Set(
    subjects.flatMap(({ kind, table, name }) => (kind === "column" ? `${table}\0${name}` : [])),
  );
  if (columns.size === 0) return [];
  const owned = await session.query<{ table: string; column: string; sequence: string }>(
    `SELECT t.relname::text AS table, a.attname::text AS column, s.relname::text AS sequence
     FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_class t ON t.oid = d.refobjid
     JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
     WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
       AND t.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)`,
    [schema],
  );
  const statements: string[] = [];
  for (const { table, column, sequence } of owned) {
    if (!columns.has(`${table}\0${column}`)) continue;
    const [from, name] = [quoteIdentifier(table), quoteIdentifier(column)];
    const [row] = await session.query<{ below: boolean }>(
      `SELECT coalesce((SELECT max(${name}) FROM ${from}) >= last_value + CASE WHEN is_called THEN 1 ELSE 0 END, false) AS below
       FROM ${quoteIdentifier(sequence)}`,
    );
    if (row?.below === true)
      statements.push(
        `SELECT setval(${quoteLiteral(quoteIdentifier(sequence))}, (SELECT max(${name}) FROM ${from}));`,
      );
  }
  return statements;
}
