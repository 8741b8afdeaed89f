import { readdir } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { FleetError, isFleetError } from "../core/errors.ts";
import type { FaultIdentity } from "../core/fault.ts";
import { readChecksums } from "./checksums.ts";
import { contractProblems } from "./contracts.ts";
import { type MigrationFiles, type MigrationsFolder, readFolder } from "./folder.ts";
import { acceptRemedy, inspectFiles, type ReadFiles, readSqlFiles } from "./inspect-files.ts";
import { type JournalEntry, readJournal } from "./journal.ts";
import { migrationListPath } from "./read-migrations.ts";
import { linesOf, readSnapshots, type StoredSnapshot, shareParent } from "./stored-snapshot.ts";

/** The problems of a migrations folder, and the migrations that could be read in spite of them. */
export interface Inspection {
  readonly migrations: readonly ReadFiles[];
  readonly problems: readonly FleetError[];
}

/**
 * Inspects all files of a migrations folder for faults that drizzle-kit fails on, ignores, or does not detect.
 *
 * @param path absolute path
 */
export async function inspectFolder(service: string, path: string): Promise<Inspection> {
  const problems: FleetError[] = [];
  const folder = await collecting(problems, () => readFolder(path));
  if (folder === undefined) return { migrations: [], problems };
  const recorded = (await collecting(problems, () => readChecksums(folder.path))) ?? {};
  const files = await readSqlFiles(service, folder, recorded);
  problems.push(
    ...repeatedTags(folder),
    ...(await inspectJournal(service, folder)),
    ...inspectFiles(service, folder, files, recorded),
    ...contractProblems(files.flatMap((one) => one?.migration ?? [])),
    ...(await inspectSnapshots(service, folder)),
    ...(await strayFiles(service, folder)),
  );
  return { migrations: files.filter((one) => one !== undefined), problems };
}

async function collecting<Result>(
  problems: FleetError[],
  read: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!isFleetError(error)) throw error;
    problems.push(error);
    return undefined;
  }
}

function repeatedTags(folder: MigrationsFolder): FleetError[] {
  const tags = folder.migrations.map(({ tag }) => tag);
  return duplicatesOf(tags).map((tag) =>
    folderError(folder, `the journal lists ${tag} twice`, mergeRemedy),
  );
}

/**
 * The journal's numbers must count up from 0, and its times must increase: drizzle-orm's own migrator ignores entries
 * that are older than the newest one that it has applied.
 */
async function inspectJournal(
  service: string,
  { path, layout, migrations }: MigrationsFolder,
): Promise<FleetError[]> {
  const entries = layout === "journal" ? ((await readJournal(path))?.entries ?? []) : [];
  const folder = { path, layout, migrations };
  const twice = duplicatesOf(entries.map(({ idx }) => idx));
  return [
    ...twice.map((idx) => {
      const tags = entries.filter((entry) => entry.idx === idx).map(({ tag }) => tag);
      const message = `the journal gives the number ${idx} to ${tags.join(" and ")}`;
      const remedy = acceptRemedy(service, `${mergeRemedy}.`);
      return folderError(folder, message, remedy, { kind: "number", of: tags.join(" ") });
    }),
    ...entries.flatMap((entry, index) => {
      const before = entries[index - 1];
      if (before === undefined) return [];
      return outOfOrder(service, folder, [before, entry], twice.includes(entry.idx));
    }),
  ];
}

function outOfOrder(
  service: string,
  folder: MigrationsFolder,
  [before, entry]: readonly [JournalEntry, JournalEntry],
  isTwice: boolean,
): FleetError[] {
  const problems: FleetError[] = [];
  if (!isTwice && entry.idx < before.idx) {
    const message = `the journal has ${entry.tag} (${entry.idx}) after ${before.tag} (${before.idx})`;
    const remedy = acceptRemedy(
      service,
      "Migrations are applied in the order of the journal. Correct the order or the numbers.",
    );
    problems.push(folderError(folder, message, remedy, { kind: "number", of: entry.tag }));
  }
  if (entry.when <= before.when) {
    const message = `in the journal, the "when" of ${entry.tag} is not later than that of ${before.tag}, the entry before it`;
    const remedy = acceptRemedy(
      service,
      "drizzle-orm's own migrator would skip it. Generate it again, or run: npx drizzle-fleet merge.",
    );
    problems.push(folderError(folder, message, remedy, { kind: "time", of: entry.tag }));
  }
  return problems;
}

async function inspectSnapshots(service: string, folder: MigrationsFolder): Promise<FleetError[]> {
  const problems: FleetError[] = [];
  const stored = await collecting(problems, () => readSnapshots(folder));
  // If one snapshot cannot be read, the parent of the next one is unknown.
  if (stored === undefined) return problems;
  const snapshots = folder.migrations.flatMap((files, index) => {
    const snapshot = stored[index];
    if (snapshot === undefined) {
      const isNewest = index === folder.migrations.length - 1;
      problems.push(missingSnapshotError(service, files, isNewest));
    }
    return snapshot === undefined ? [] : [{ files, snapshot }];
  });
  const ids = new Map<string, string>();
  for (const { files, snapshot } of snapshots) {
    const other = ids.get(snapshot.id);
    if (other !== undefined) {
      const message = `the snapshots of ${other} and ${files.tag} have the same id`;
      const remedy = acceptRemedy(
        service,
        "One is a copy of the other. Generate that migration again.",
      );
      problems.push(
        snapshotError(files, message, remedy, {
          kind: "copied-snapshot",
          of: `${other} ${files.tag}`,
        }),
      );
    }
    ids.set(snapshot.id, files.tag);
  }
  return [...problems, ...(ids.size < snapshots.length ? [] : inspectParents(service, snapshots))];
}

function missingSnapshotError(
  service: string,
  files: MigrationFiles,
  isNewest: boolean,
): FleetError {
  const made = isNewest
    ? ` If the Drizzle schema already describes its changes, run: npx drizzle-fleet generate ${service} --snapshot.`
    : "";
  const remedy = `A migration written by hand uses the snapshot of the one before it, as in drizzle-kit.${made} If it had a snapshot, restore the file from version control. To accept the migration without one, run: npx drizzle-fleet check ${service} --accept "written by hand"`;
  return snapshotError(files, `${files.tag} has no snapshot`, remedy, {
    kind: "no-snapshot",
    of: files.tag,
  });
}

interface MigrationSnapshot {
  readonly files: MigrationFiles;
  readonly snapshot: StoredSnapshot;
}

/** Two migrations that follow the same one were generated on two branches, which a later migration may join. */
function inspectParents(service: string, snapshots: readonly MigrationSnapshot[]): FleetError[] {
  const problems: FleetError[] = [];
  const known = new Set<string>();
  const lines = linesOf(snapshots.map(({ snapshot }) => snapshot));
  for (const [index, { files, snapshot }] of snapshots.entries()) {
    const sibling = snapshots
      .slice(0, index)
      .find((one) => shareParent(one.snapshot, snapshot) && !isJoined(lines, one, snapshot));
    if (sibling !== undefined) {
      const tags = [sibling.files.tag, files.tag];
      const message = `${tags.join(" and ")} follow the same migration: they were generated on two branches`;
      const remedy = acceptRemedy(service, "To merge the branches, run: npx drizzle-fleet merge.");
      problems.push(snapshotError(files, message, remedy, { kind: "branch", of: tags.join(" ") }));
    } else if (index > 0 && snapshot.parents.some((parent) => !known.has(parent))) {
      const message = `${files.tag} follows a migration that is not listed before it`;
      const remedy = acceptRemedy(
        service,
        "The parent that its snapshot names is missing. If it was lost, restore it from version control.",
      );
      problems.push(snapshotError(files, message, remedy, { kind: "parent", of: files.tag }));
    }
    known.add(snapshot.id);
  }
  return problems;
}

function isJoined(
  lines: readonly ReadonlySet<string>[],
  { snapshot: one }: MigrationSnapshot,
  other: StoredSnapshot,
): boolean {
  return lines.some((line) => line.has(one.id) && line.has(other.id));
}

/** Files that belong to no migration: their journal entry was forgotten, or lost in a merge. */
async function strayFiles(service: string, folder: MigrationsFolder): Promise<FleetError[]> {
  if (folder.layout === "folders") return [];
  const own = new Set(
    folder.migrations.flatMap(({ sql, down, snapshot }) => [sql, down, snapshot]),
  );
  const meta = join(folder.path, "meta");
  const names = [
    ...(await namesIn(folder.path)).filter((file) => file.endsWith(".sql")),
    ...(await namesIn(meta)).filter((file) => file.endsWith("_snapshot.json")),
  ];
  return names
    .filter((file) => !own.has(file))
    .map((file) => {
      const message = `${basename(file)} belongs to no migration of the journal`;
      const where = relative(process.cwd(), file);
      const remedy = acceptRemedy(
        service,
        "If its entry was lost, restore the entry in the journal. Otherwise delete the file.",
      );
      const identity = { kind: "stray-file", of: basename(file) } as const;
      return new FleetError("journal", message, { where, remedy, identity });
    });
}

async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.map((name) => join(folder, name)).sort();
}

const mergeRemedy = "Two branches added migrations. To merge them, run: npx drizzle-fleet merge";

function folderError(
  folder: MigrationsFolder,
  message: string,
  remedy: string,
  identity?: FaultIdentity,
): FleetError {
  return faultError(migrationListPath(folder), message, remedy, identity);
}

function snapshotError(
  { snapshot }: MigrationFiles,
  message: string,
  remedy: string,
  identity?: FaultIdentity,
): FleetError {
  return faultError(relative(process.cwd(), snapshot), message, remedy, identity);
}

function faultError(
  where: string,
  message: string,
  remedy: string,
  identity: FaultIdentity | undefined,
): FleetError {
  const details = { where, remedy, ...(identity === undefined ? {} : { identity }) };
  return new FleetError("journal", message, details);
}

function duplicatesOf<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}
