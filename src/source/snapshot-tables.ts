import type { MigrationsFolder } from "./folder.ts";
import { readStored } from "./stored-snapshot.ts";

/**
 * The names of the tables that a history ends with, by its newest snapshot; none where there is no snapshot.
 */
export async function newestTables(folder: MigrationsFolder): Promise<string[]> {
  const objects = await newestObjects(folder, ["tables"]);
  return objects.flatMap(({ name }) => (typeof name === "string" ? name : []));
}

/**
 * The schema that all of a project is declared in, as with `pgSchema("shop")`, by the newest snapshot of its history.
 *
 * @returns undefined where that is `public`, where there are several schemas, or no snapshot
 */
export async function onlySchema(folder: MigrationsFolder): Promise<string | undefined> {
  const objects = await newestObjects(folder, ["tables", "enums", "sequences", "views"]);
  const [schema, ...more] = new Set(
    objects.map((one) => (one.schema === "" ? "public" : (one.schema ?? "public"))),
  );
  return more.length === 0 && typeof schema === "string" && schema !== "public"
    ? schema
    : undefined;
}

type Part = Readonly<Record<string, unknown>>;

async function newestObjects(
  { migrations }: MigrationsFolder,
  kinds: readonly string[],
): Promise<Part[]> {
  const newest = migrations.at(-1);
  const stored = newest && (await readStored(newest).catch(() => undefined));
  const { ddl, ...parts }: Part = stored?.content ?? {};
  // drizzle-kit 0.31 keeps objects by their qualified names, 1.0 has one list of everything.
  const listed = Array.isArray(ddl) ? ddl.filter((one) => kinds.includes(one?.entityType)) : [];
  return [...kinds.flatMap((kind) => Object.values(parts[kind] ?? {})), ...listed];
}
