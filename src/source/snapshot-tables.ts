import type { MigrationsFolder } from "./folder.ts";
import { readNearest, readSnapshots } from "./stored-snapshot.ts";

/**
 * The names of a history's tables, from its newest snapshot. Snapshots of drizzle-kit 1.0 contain only what each
 * migration changed. For them the result is every table that a migration created.
 *
 * @returns an empty list if there is no snapshot
 */
export async function newestTables(folder: MigrationsFolder): Promise<string[]> {
  const objects = await newestObjects(folder, ["tables"]);
  return objects.flatMap(({ name }) => (typeof name === "string" ? name : []));
}

/**
 * The one schema in which all objects of a history are declared, as with `pgSchema("shop")`, from its newest
 * snapshot.
 *
 * @returns undefined if that schema is `public`, or there are several schemas or no snapshot
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

type ObjectInSnapshot = Readonly<Record<string, unknown>>;

async function newestObjects(
  folder: MigrationsFolder,
  kinds: readonly string[],
): Promise<ObjectInSnapshot[]> {
  const stored = await (folder.layout === "journal"
    ? readNearest(folder, folder.migrations.length - 1).then((one) => [one])
    : readSnapshots(folder)
  ).catch(() => []);
  return stored.flatMap((one) => {
    const { ddl, deltas, ...parts }: ObjectInSnapshot = one?.content ?? {};
    // drizzle-kit 0.31 has objects keyed by qualified names, 1.0 has lists.
    const rows = [
      ...(Array.isArray(ddl) ? ddl : []),
      ...(Array.isArray(deltas) ? deltas.map((delta) => delta?.row) : []),
    ];
    return [
      ...kinds.flatMap((kind) => Object.values(parts[kind] ?? {})),
      ...rows.filter((row) => kinds.includes(row?.entityType)),
    ];
  });
}
