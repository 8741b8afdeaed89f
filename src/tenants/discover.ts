import { controlSchema } from "../config/fields.ts";
import type { Session } from "../postgres/session.ts";

/**
 * Finds tenants that already exist in a database: schemas whose name matches the pattern and that contain one of the
 * tables. Scratch schemas do not count.
 *
 * @param pattern the pattern of the tenant schemas' names, with `{tenant}`
 * @param tables names of tables, unquoted
 * @param others schemas that belong to no tenant
 * @returns the tenants' ids, sorted
 */
export async function discoverTenants(
  session: Session,
  pattern: string,
  tables: readonly string[],
  others: readonly string[],
): Promise<string[]> {
  const [before = "", behind = ""] = pattern.split("{tenant}");
  const rows = await session.query<{ tenant: string }>(
    `SELECT substr(n.nspname::text, length($1) + 1, length(n.nspname::text) - length($1) - length($2)) AS tenant
     FROM pg_catalog.pg_namespace n
     WHERE starts_with(n.nspname::text, $1) AND right(n.nspname::text, length($2)) = $2
       AND length(n.nspname::text) > length($1) + length($2)
       AND n.nspname <> ALL($3) AND n.nspname !~ '^(pg_|fleet_(baseline|check)_[0-9a-f]+$)'
       AND EXISTS (SELECT FROM pg_catalog.pg_class c
         WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p') AND c.relname = ANY($4))
     ORDER BY n.nspname`,
    [before, behind, ["information_schema", controlSchema, ...others], tables],
  );
  return rows.map(({ tenant }) => tenant);
}
