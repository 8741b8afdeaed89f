import type { MigrationsFolder } from "./folder.ts";
import { readNearest, readSnapshots } from "./stored-snapshot.ts";

/**
 * The names of the tables that a history ends with, by its newest snapshot; none where there is no snapshot. Snapshots of
 * drizzle-kit 1.0 hold what each migration changed: there it is the tables that any of them created.
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

type SnapshotObject = Readonly<Record<string, unknown>>;

async function newestObjects(
  folder: MigrationsFolder,
  kinds: readonly string[],
): Promise<SnapshotObject[]> {
  const stored = await (folder.layout === "journal"
    ? readNearest(folder, folder.migrations.length - 1).then((one) => [one])
    : readSnapshots(folder)
  ).catch(() => []);
  return stored.flatMap((one) => {
    const { ddl, deltas, ...parts }: SnapshotObject = one?.content ?? {};
    // drizzle-kit 0.31 keeps objects by their qualified names, 1.0 has lists of everything.
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
