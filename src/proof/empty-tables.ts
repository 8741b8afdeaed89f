import type { Session } from "../postgres/session.ts";

/**
 * Deletes the rows of all tables of a scratch schema except the ledger.
 *
 * @returns false if there were no rows
 */
export async function emptyTables(session: Session, schema: string): Promise<boolean> {
  const tables = await session.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND c.relname NOT LIKE '\\_\\_fleet%' AND NOT c.relispartition`,
    [schema],
  );
  if (tables.length === 0) return false;
  const [row] = await session.query<{ held: boolean }>(
    `SELECT ${tables.map(({ name }) => `EXISTS (SELECT FROM ${name})`).join(" OR ")} AS held`,
  );
  if (row?.held !== true) return false;
  await session.query(`TRUNCATE ${tables.map(({ name }) => name).join(", ")}`);
  return true;
}
