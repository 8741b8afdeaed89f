import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { FleetError } from "../core/errors.ts";
import { type JournalEntry, journalPath, readJournal } from "./journal.ts";

/**
 * How drizzle-kit lays out a migrations folder. `journal`: 0.31's `<tag>.sql` with `meta/_journal.json` and
 * `meta/<number>_snapshot.json`. `folders`: 1.0's `<timestamp>_<name>/migration.sql` and `snapshot.json`.
 */
export type Layout = "journal" | "folders";

/** The absolute paths of a migration's files, which need not exist. */
export interface MigrationFiles {
  readonly tag: string;
  readonly sql: string;
  readonly down: string;
  readonly snapshot: string;
  /** When it was generated, in milliseconds since 1970. drizzle-orm's own migrator records it. */
  readonly when: number;
}

/** A service's migrations folder, with its migrations in order. */
export interface MigrationsFolder {
  readonly path: string;
  readonly layout: Layout;
  readonly migrations: readonly MigrationFiles[];
}

const folderName = /^\d{14}_/;

/**
 * Lists the migrations of a folder without opening their files.
 *
 * @param path absolute path
 * @returns undefined if the folder does not exist or contains no migration of either layout
 * @throws FleetError `journal` if the journal is malformed, or the folder has both layouts
 */
export async function readFolder(path: string): Promise<MigrationsFolder | undefined> {
  const [journal, names] = await Promise.all([readJournal(path), readdir(path).catch(() => [])]);
  const folders = names.filter((name) => folderName.test(name) && !name.endsWith(".sql")).sort();
  if (journal === undefined) {
    if (folders.length === 0) return undefined;
    return { path, layout: "folders", migrations: folders.map((tag) => filesInFolder(path, tag)) };
  }
  if (folders.length > 0) throw twoLayoutsError(path, folders[0] ?? "");
  return {
    path,
    layout: "journal",
    migrations: journal.entries.map((entry) => filesInJournal(path, entry)),
  };
}

/** The paths of a migration's files in drizzle-kit 0.31's layout. */
export function filesInJournal(folder: string, { tag, idx, when }: JournalEntry): MigrationFiles {
  return {
    tag,
    sql: join(folder, `${tag}.sql`),
    down: join(folder, `${tag}.down.sql`),
    snapshot: join(folder, "meta", `${snapshotPrefix(tag, idx)}_snapshot.json`),
    when,
  };
}

/** The paths of a migration's files in drizzle-kit 1.0's layout. */
export function filesInFolder(folder: string, tag: string): MigrationFiles {
  return {
    tag,
    sql: join(folder, tag, "migration.sql"),
    down: join(folder, tag, "down.sql"),
    snapshot: join(folder, tag, "snapshot.json"),
    when: timeOf(tag),
  };
}

/** drizzle-kit numbers snapshots like tags. With `prefix: "timestamp"` both begin with the same time. */
function snapshotPrefix(tag: string, idx: number): string {
  const [prefix = ""] = tag.split("_");
  return /^\d{4}$/.test(prefix) ? String(idx).padStart(4, "0") : prefix;
}

/** Reads the time, in UTC, from a tag such as `20261122083000_add_avatar`. */
function timeOf(tag: string): number {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(tag) ?? [];
  return Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
}

/** A tag that sorts after another one: if needed, its time becomes one second later than the other's. */
export function tagAfter(before: string, tag: string): string {
  if (tag > before) return tag;
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(before) ?? [];
  const [years = 0, months = 1, ...rest] = [year, month, day, hour, minute, second].map(Number);
  const [days, hours, minutes, seconds = 0] = rest;
  const next = new Date(Date.UTC(years, months - 1, days, hours, minutes, seconds + 1));
  return tag.replace(/^\d{14}/, timestamp(next));
}

/** A time as the prefix of a tag: in UTC, to the second. */
export function timestamp(time: Date): string {
  return time.toISOString().replace(/\D/g, "").slice(0, 14);
}

function twoLayoutsError(path: string, folder: string): FleetError {
  const shown = relative(process.cwd(), path);
  return new FleetError("journal", `${shown} has both layouts of drizzle-kit`, {
    where: relative(process.cwd(), journalPath(path)),
    remedy: `The journal belongs to drizzle-kit 0.31, ${folder} to drizzle-kit 1.0. Remove one of them, or restore the folder from version control and run: npx drizzle-kit up`,
  });
}
