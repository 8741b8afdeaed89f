import type { MigrationsFolder } from "./folder.ts";
import { readStored } from "./stored-snapshot.ts";

/**
 * The names of the tables that a history ends with, by its newest snapshot; none where there is no snapshot.
 */
export async function newestTables({ migrations }: MigrationsFolder): Promise<string[]> {
  const newest = migrations.at(-1);
  const stored = newest && (await readStored(newest).catch(() => undefined));
  const { tables, ddl }: Readonly<Record<string, unknown>> = stored?.content ?? {};
  // drizzle-kit 0.31 keeps tables by their qualified names, 1.0 has one list of everything.
  const listed = Array.isArray(ddl) ? ddl.filter((one) => one?.entityType === "tables") : [];
  return [...Object.values(tables ?? {}), ...listed].flatMap(({ name }) =>
    typeof name === "string" ? name : [],
  );
}
