import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FleetError } from "../core/errors.ts";
import { journalPath } from "../source/journal.ts";
import type { SchemaDiff } from "./diff.ts";
import type { Snapshot } from "./kit.ts";
import { snapshotPath } from "./snapshots.ts";

const breakpoint = "--> statement-breakpoint\n";
const customText =
  "-- Write the migration's SQL here. Name nothing with a schema: it runs in every tenant's own.\n";

/**
 * Writes a migration as drizzle-kit does: SQL, snapshot and journal. The journal comes last, so that a
 * migration that was not wholly written is not a migration.
 *
 * @param name what the tag says behind its number
 * @param statements the SQL, or undefined for an empty migration to fill in
 * @returns the path of the SQL file
 */
export async function writeMigration(
  diff: SchemaDiff,
  name: string,
  statements: readonly string[] | undefined,
): Promise<string> {
  if (!/^[A-Za-z0-9_-]+$/.test(name)) {
    throw new FleetError("usage", `${JSON.stringify(name)} cannot be a migration's name`, {
      remedy: "Use letters, digits, _ and -.",
    });
  }
  const entries = diff.journal?.entries ?? [];
  const idx = (entries.at(-1)?.idx ?? -1) + 1;
  const tag = `${String(idx).padStart(4, "0")}_${name}`;
  const when = Math.max(Date.now(), (entries.at(-1)?.when ?? 0) + 1);
  const journal = {
    version: "7",
    dialect: "postgresql",
    entries: [...entries, { idx, version: "7", when, tag, breakpoints: true }],
  };
  const snapshot = statements === undefined ? unchanged(diff.previous) : diff.current;
  const path = join(diff.folder, `${tag}.sql`);
  await writeAll([
    [path, statements === undefined ? customText : statements.join(breakpoint)],
    [snapshotPath(diff.folder, tag), JSON.stringify(snapshot, null, 2)],
    [journalPath(diff.folder), JSON.stringify(journal, null, 2)],
  ]);
  return path;
}

function unchanged(previous: Snapshot): Snapshot {
  return { ...previous, id: randomUUID(), prevId: previous.id };
}

/** Writes every file beside its place first: what can fail fails before anything is replaced. */
async function writeAll(files: readonly (readonly [path: string, text: string])[]): Promise<void> {
  const temporary = files.map(([path]) => `${path}.${process.pid}.tmp`);
  try {
    for (const [index, [path, text]] of files.entries()) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(temporary[index] ?? path, text);
    }
    for (const [index, [path]] of files.entries()) await rename(temporary[index] ?? path, path);
  } finally {
    await Promise.all(temporary.map((path) => rm(path, { force: true })));
  }
}
