import type { Session } from "../postgres/session.ts";
import { sqlstateOf } from "../postgres/sqlstate.ts";
import { commandIn } from "./alter-command.ts";
import type { DraftStatement, RepairContext } from "./draft-statement.ts";

/**
 * Gives a NOT NULL column that a down adds an empty value of its type: the former values of the column are lost.
 *
 * @returns statements to run instead of an ADD COLUMN; undefined for other statements, and in a migration's own SQL
 */
export async function valueForNewColumn(
  { direction, session, read }: Omit<RepairContext, "ahead">,
  statement: DraftStatement,
  error: Error,
): Promise<readonly DraftStatement[] | undefined> {
  const added = commandIn(statement, "AT_AddColumn");
  if (direction !== "down" || sqlstateOf(error) !== "23502" || added === undefined)
    return undefined;
  // A key cannot have the same value in all rows.
  if (/ (?:PRIMARY KEY|UNIQUE)\b/.test(statement.text)) return undefined;
  const type = typeText(statement.sql);
  const value = type === undefined ? undefined : await emptyValue(session, type);
  if (value === undefined) return undefined;
  const { table, column } = added;
  const text = statement.text.replace(/ NOT NULL\s*$/, "");
  return [
    read(`${text} DEFAULT ${value} NOT NULL`),
    read(`ALTER TABLE ${table} ALTER COLUMN ${column} DROP DEFAULT`),
  ];
}

/** An empty value of a type as an SQL expression; undefined if none is known for the type. */
async function emptyValue(session: Session, type: string): Promise<string | undefined> {
  const [row] = await session.query<{ category: string; type: string; first: string | null }>(
    `SELECT t.typcategory::text AS category, format_type(t.oid, NULL) AS type,
      (SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder LIMIT 1) AS first
     FROM pg_type t WHERE t.oid = to_regtype($1)`,
    [type],
  );
  if (row === undefined) return undefined;
  if (row.first !== null) return `'${row.first.replaceAll("'", "''")}'`;
  if (row.type === "uuid") return "gen_random_uuid()";
  if (row.type === "json" || row.type === "jsonb") return "'{}'";
  if (row.type === "bytea") return "''";
  const byCategory: Readonly<Record<string, string>> = {
    A: "'{}'",
    B: "false",
    D: row.type.startsWith("time ") || row.type === "time" ? "'00:00'" : "now()",
    N: "0",
    R: "'empty'",
    S: "''",
    T: "'0'",
    I: "'0.0.0.0'",
  };
  return byCategory[row.category];
}

/** The type in an ADD COLUMN, as written. */
function typeText(text: string): string | undefined {
  return /ADD COLUMN (?:"(?:[^"]|"")+"|\w+) (.+?)(?: (?:DEFAULT|GENERATED|PRIMARY KEY|UNIQUE)\b.*)?(?: NOT NULL)?\s*$/s.exec(
    text,
  )?.[1];
}
