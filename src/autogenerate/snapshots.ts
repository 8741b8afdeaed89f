import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { FleetError } from "../core/errors.ts";
import type { MigrationFiles } from "../source/folder.ts";
import type { Snapshot } from "./kit-types.ts";

/**
 * Reads the snapshot that belongs to a migration.
 *
 * @throws FleetError `journal` when it is missing or malformed
 */
export async function readSnapshot({ tag, snapshot: path }: MigrationFiles): Promise<Snapshot> {
  const where = relative(process.cwd(), path);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new FleetError("journal", `the snapshot of ${tag} cannot be read`, {
      where,
      remedy,
      cause,
    });
  });
  try {
    const snapshot: unknown = JSON.parse(text);
    if (isSnapshot(snapshot)) return snapshot;
  } catch (cause) {
    const conflict = /^(<{7}|={7}|>{7})/m.test(text);
    const reason = conflict ? "holds git's conflict markers" : "is not JSON";
    throw new FleetError("journal", `the snapshot of ${tag} ${reason}`, {
      where,
      remedy: conflict ? "Run: drizzle-fleet merge" : remedy,
      cause,
    });
  }
  throw new FleetError("journal", `the snapshot of ${tag} is malformed`, { where, remedy });
}

const remedy =
  "Restore the file from version control; drizzle-kit writes it together with the migration.";

function isSnapshot(value: unknown): value is Snapshot {
  return (
    typeof value === "object" &&
    value !== null &&
    "id" in value &&
    ("prevId" in value || "prevIds" in value)
  );
}
