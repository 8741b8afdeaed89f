import { readdir } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { FleetError, isFleetError } from "../core/errors.ts";
import { readChecksums } from "./checksums.ts";
import { readDown } from "./downs.ts";
import { type MigrationFiles, type MigrationsFolder, readFolder } from "./folder.ts";
import { type JournalEntry, readJournal } from "./journal.ts";
import { listOf, readMigration } from "./read-migrations.ts";
import { readStored, type StoredSnapshot } from "./stored-snapshot.ts";

/** What is wrong with a migrations folder, and what could be read of it all the same. */
export interface Inspection {
  readonly folder: MigrationsFolder | undefined;
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
  if (folder === undefined) return { folder, problems };
  problems.push(
    ...repeated(folder),
    ...(await inspectJournal(folder)),
    ...(await inspectFiles(service, folder)),
    ...(await inspectSnapshots(folder)),
    ...(await strangers(folder)),
  );
  return { folder, problems };
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

async function inspectFiles(service: string, folder: MigrationsFolder): Promise<FleetError[]> {
  const problems: FleetError[] = [];
  const recorded = (await collecting(problems, () => readChecksums(folder.path))) ?? {};
  const checksums = new Set<string>();
  for (const files of folder.migrations) {
    const migration = await readMigration(service, files);
    if (migration === undefined) {
      problems.push(missing(folder, files.sql));
      continue;
    }
    const { tag, checksum, file } = migration;
    checksums.add(checksum);
    if (recorded[tag] !== undefined && recorded[tag] !== checksum)
      problems.push(
        new FleetError("edited", `${tag} was edited since it was generated`, {
          where: file,
          remedy: `If something has applied it, restore the file and make a new migration. If nothing has: drizzle-fleet generate ${service} --accept`,
        }),
      );
    const down = await readDown(migration);
    if (down === undefined)
      problems.push(
        new FleetError("down", `${tag} has no down`, {
          where: file,
          remedy: `Run: drizzle-fleet generate ${service} --down`,
        }),
      );
    else if (down.empty && down.irreversible === undefined && down.dataLoss.length === 0)
      problems.push(
        new FleetError("down", `the down of ${tag} is empty`, {
          where: down.file,
          remedy:
            "Write the SQL that takes the migration back; or, if nothing can, a line: -- drizzle-fleet: irreversible <why>",
        }),
      );
  }
  const tags = new Set(folder.migrations.map(({ tag }) => tag));
  for (const [tag, checksum] of Object.entries(recorded)) {
    // A folder that was converted has the same files under other names.
    if (tags.has(tag) || checksums.has(checksum)) continue;
    problems.push(problem(folder, `${tag} was generated, and is not there any more`, restore));
  }
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

/** Each migration follows the one before it: two that follow the same one were made on two branches. */
function parents(snapshots: readonly Placed[]): FleetError[] {
  const problems: FleetError[] = [];
  const known = new Set<string>();
  for (const [index, { files, snapshot }] of snapshots.entries()) {
    const merges = snapshot.parents.length > 1;
    const sibling = snapshots
      .slice(0, index)
      .find((one) => one.snapshot.parents.some((parent) => snapshot.parents.includes(parent)));
    if (sibling !== undefined && !merges)
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

function missing(folder: MigrationsFolder, path: string): FleetError {
  const file = relative(process.cwd(), path);
  const though = folder.layout === "journal" ? "the journal lists it" : "its folder is there";
  return new FleetError("journal", `${file} is missing, though ${though}`, {
    where: listOf(folder),
    remedy:
      "Restore the file from version control, or take its entry out if it was never released.",
  });
}

const restore = "Restore drizzle-kit's files from version control; nobody edits them by hand.";
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
