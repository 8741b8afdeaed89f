import { readdir } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { FleetError, isFleetError } from "../core/errors.ts";
import { readChecksums } from "./checksums.ts";
import { type MigrationFiles, type MigrationsFolder, readFolder } from "./folder.ts";
import { inspectFiles, type ReadFiles, readFiles, restore } from "./inspect-files.ts";
import { type JournalEntry, readJournal } from "./journal.ts";
import { listOf } from "./read-migrations.ts";
import { linesOf, readStored, type StoredSnapshot, shareParent } from "./stored-snapshot.ts";

/** What is wrong with a migrations folder, and what could be read of it all the same. */
export interface Inspection {
  readonly migrations: readonly ReadFiles[];
  readonly problems: readonly FleetError[];
}

/**
 * Looks at all files of a migrations folder: what drizzle-kit would stumble over, pass over or let through.
 *
 * @param path absolute path
 */
export async function inspectFolder(service: string, path: string): Promise<Inspection> {
  const problems: FleetError[] = [];
  const folder = await collecting(problems, () => readFolder(path));
  if (folder === undefined) return { migrations: [], problems };
  const recorded = (await collecting(problems, () => readChecksums(folder.path))) ?? {};
  const files = await readFiles(service, folder);
  problems.push(
    ...repeated(folder),
    ...(await inspectJournal(folder)),
    ...inspectFiles(service, folder, files, recorded),
    ...(await inspectSnapshots(folder)),
    ...(await strangers(folder)),
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

function repeated(folder: MigrationsFolder): FleetError[] {
  const tags = folder.migrations.map(({ tag }) => tag);
  return duplicatesOf(tags).map((tag) =>
    problem(folder, `the journal lists ${tag} twice`, mergeRemedy),
  );
}

/** The numbers count up from 0, and drizzle-orm's own migrator passes over whatever is older than its newest. */
async function inspectJournal({
  path,
  layout,
  migrations,
}: MigrationsFolder): Promise<FleetError[]> {
  const entries = layout === "journal" ? ((await readJournal(path))?.entries ?? []) : [];
  const folder = { path, layout, migrations };
  const twice = duplicatesOf(entries.map(({ idx }) => idx));
  return [
    ...twice.map((idx) => {
      const tags = entries.filter((entry) => entry.idx === idx).map(({ tag }) => tag);
      return problem(folder, `the journal gives ${idx} to ${tags.join(" and ")}`, mergeRemedy);
    }),
    ...entries.flatMap((entry, index) => {
      const before = entries[index - 1];
      if (before === undefined) return [];
      return outOfOrder(folder, before, entry, twice.includes(entry.idx));
    }),
  ];
}

function outOfOrder(
  folder: MigrationsFolder,
  before: JournalEntry,
  entry: JournalEntry,
  isTwice: boolean,
): FleetError[] {
  const problems: FleetError[] = [];
  if (!isTwice && entry.idx < before.idx)
    problems.push(
      problem(
        folder,
        `the journal has ${entry.tag} (${entry.idx}) behind ${before.tag} (${before.idx})`,
        restore,
      ),
    );
  if (entry.when <= before.when)
    problems.push(
      problem(
        folder,
        `${entry.tag} is not younger than ${before.tag} before it, by the journal's "when"`,
        "drizzle-orm's own migrator would pass over it. Generate it anew, or run drizzle-fleet merge.",
      ),
    );
  return problems;
}

async function inspectSnapshots(folder: MigrationsFolder): Promise<FleetError[]> {
  const problems: FleetError[] = [];
  const read = await Promise.all(
    folder.migrations.map(async (files) => {
      const snapshot = await collecting(problems, () => readStored(files));
      return snapshot === undefined ? [] : [{ files, snapshot }];
    }),
  );
  const snapshots = read.flat();
  const ids = new Map<string, string>();
  for (const { files, snapshot } of snapshots) {
    const other = ids.get(snapshot.id);
    if (other !== undefined)
      problems.push(at(files, `the snapshots of ${other} and ${files.tag} have one id`, restore));
    ids.set(snapshot.id, files.tag);
  }
  // With a snapshot that cannot be read, what follows it has no parent to be found.
  if (problems.length === 0) problems.push(...parents(snapshots));
  return problems;
}

interface Placed {
  readonly files: MigrationFiles;
  readonly snapshot: StoredSnapshot;
}

/** Two migrations that follow the same one were made on two branches, which a later one may join. */
function parents(snapshots: readonly Placed[]): FleetError[] {
  const problems: FleetError[] = [];
  const known = new Set<string>();
  const lines = linesOf(snapshots.map(({ snapshot }) => snapshot));
  for (const [index, { files, snapshot }] of snapshots.entries()) {
    const sibling = snapshots
      .slice(0, index)
      .find((one) => shareParent(one.snapshot, snapshot) && !isJoined(lines, one, snapshot));
    if (sibling !== undefined)
      problems.push(
        at(
          files,
          `${sibling.files.tag} and ${files.tag} follow the same migration: they come from two branches`,
          "Make one line of them: drizzle-fleet merge",
        ),
      );
    else if (index > 0 && snapshot.parents.some((parent) => !known.has(parent)))
      problems.push(at(files, `the migration that ${files.tag} follows is not before it`, restore));
    known.add(snapshot.id);
  }
  return problems;
}

function isJoined(
  lines: readonly ReadonlySet<string>[],
  { snapshot: one }: Placed,
  other: StoredSnapshot,
): boolean {
  return lines.some((line) => line.has(one.id) && line.has(other.id));
}

/** Files that belong to no migration: somebody forgot their entry, or a merge lost it. */
async function strangers(folder: MigrationsFolder): Promise<FleetError[]> {
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
    .map(
      (file) =>
        new FleetError("journal", `${basename(file)} belongs to no migration of the journal`, {
          where: relative(process.cwd(), file),
          remedy: "Restore its entry from version control, or delete the file.",
        }),
    );
}

async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.map((name) => join(folder, name)).sort();
}

const mergeRemedy = "Two branches added migrations: run drizzle-fleet merge.";

function problem(folder: MigrationsFolder, message: string, remedy: string): FleetError {
  return new FleetError("journal", message, { where: listOf(folder), remedy });
}

function at({ snapshot }: MigrationFiles, message: string, remedy: string): FleetError {
  return new FleetError("journal", message, { where: relative(process.cwd(), snapshot), remedy });
}

function duplicatesOf<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}
