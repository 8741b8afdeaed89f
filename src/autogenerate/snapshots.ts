import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { FleetError } from "../core/errors.ts";
import type { JournalEntry } from "../source/journal.ts";
import type { Snapshot } from "./kit.ts";

/** The file of a migration's snapshot: drizzle-kit names it after the part of the tag before the first `_`. */
export function snapshotPath(folder: string, tag: string): string {
  return join(folder, "meta", `${tag.split("_")[0]}_snapshot.json`);
}

/**
 * Reads the snapshot that belongs to a journal entry.
 *
 * @throws FleetError `journal` when it is missing or malformed
 */
export async function readSnapshot(folder: string, entry: JournalEntry): Promise<Snapshot> {
  const path = snapshotPath(folder, entry.tag);
  const where = relative(process.cwd(), path);
  try {
    const snapshot: unknown = JSON.parse(await readFile(path, "utf8"));
    if (isSnapshot(snapshot)) return snapshot;
  } catch (cause) {
    throw new FleetError("journal", `the snapshot of ${entry.tag} cannot be read`, {
      where,
      remedy,
      cause,
    });
  }
  throw new FleetError("journal", `the snapshot of ${entry.tag} is malformed`, { where, remedy });
}

const remedy =
  "Restore the file from version control; drizzle-kit writes it together with the migration.";

function isSnapshot(value: unknown): value is Snapshot {
  return (
    typeof value === "object" &&
    value !== null &&
    "id" in value &&
    "prevId" in value &&
    "tables" in value
  );
}
