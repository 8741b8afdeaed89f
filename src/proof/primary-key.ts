import type { Session } from "../postgres/session.ts";

/** The name of a table's primary key; undefined if it has none. */
export async function primaryKeyOf(
  session: Session,
  schema: string,
  table: string,
): Promise<string | undefined> {
  const [row] = await session.query<{ name: string }>(
    `SELECT conname::text AS name FROM pg_constraint WHERE contype = 'p' AND conrelid = to_regclass(format('%I.%I', $1::text, $2::text))`,
    [schema, table],
  );
  return row?.name;
}
