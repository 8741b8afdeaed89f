import { relative } from "node:path";
import { FleetError } from "../core/errors.ts";
import { checksumOf, checksumsPath, readChecksums } from "../source/checksums.ts";
import { readFolder } from "../source/folder.ts";
import { isChecksumOfMigration } from "../source/line-ends.ts";
import { proofOf, proofsFile } from "../source/proofs.ts";
import { readMigration } from "../source/read-migrations.ts";
import { recordsText } from "../source/records.ts";
import { type NewFile, withFolderLock, writeFiles } from "../source/write-files.ts";
import type { Decisions } from "./decisions.ts";
import type { SchemaDiff } from "./diff.ts";
import { breakpoint, downText, emptyDown, type Reverse } from "./down.ts";

const customText =
  "-- Write the migration's SQL here. Name nothing with a schema: it runs in every tenant's own.\n";

/** A migration that is ready to be written. */
export interface Draft {
  readonly service: string;
  readonly tag: string;
  /** The path of its SQL file, as shown to people. */
  readonly file: string;
  readonly sql: string;
  readonly downFile: string;
  readonly down: string;
  /** What its author should know: what depends on rows, or is left to finish. */
  readonly notes: readonly string[];
  /** True when a person has to finish it. */
  readonly unfinished: boolean;
  /** Why it was not tried on a server; undefined when it was. */
  readonly unproved: string | undefined;
  /** Writes all of it, or nothing. */
  readonly write: () => Promise<void>;
}

/** A new migration's SQL, its down's, and the notes on them. */
export interface DraftSql {
  readonly statements: readonly string[];
  readonly down: Reverse;
  /** Lines of comments above the SQL of the way there. */
  readonly remarks: readonly string[];
  readonly notes: readonly string[];
  readonly unfinished: boolean;
  readonly unproved: string | undefined;
}

/**
 * Prepares a migration as drizzle-kit would write it, with its down. The parser must be loaded.
 *
 * @param name what the tag says after its number or time
 * @param draft the SQL, or undefined for an empty migration to fill in
 * @throws FleetError `usage` for a name that cannot be a file's
 */
export async function draftMigration(
  diff: SchemaDiff,
  name: string,
  draft: DraftSql | undefined,
  decisions: Decisions,
): Promise<Draft> {
  if (!/^[A-Za-z0-9_-]+$/.test(name)) {
    throw new FleetError("usage", `${JSON.stringify(name)} cannot be a migration's name`, {
      remedy: "Use letters, digits, _ and -.",
    });
  }
  const { kit, previous, path, service, folder, prefix } = diff;
  const current = draft === undefined ? undefined : diff.current;
  const { files, list } = await kit.draft(path, folder, name, previous, current, decisions, prefix);
  const sql = draft === undefined ? customText : upText(draft);
  const file = relative(process.cwd(), files.sql);
  const down = draft === undefined ? emptyDown(file) : downText(file, draft.down);
  return {
    service,
    tag: files.tag,
    file,
    sql,
    downFile: relative(process.cwd(), files.down),
    down,
    notes: draft?.notes ?? ["fill in both: an empty migration is refused"],
    unfinished: draft?.unfinished === true,
    unproved: draft?.unproved,
    write: () =>
      withFolderLock(path, async () => {
        await refuseMoved(diff);
        // What a custom migration holds is recorded when the next one is made: it is still to be written.
        const own = draft === undefined ? {} : { [files.tag]: checksumOf(sql) };
        await writeFiles([
          { path: files.sql, text: sql, replaces: false },
          { path: files.down, text: down, replaces: false },
          await checksumsFile(path, own),
          ...(draft === undefined || draft.unfinished || draft.unproved !== undefined
            ? []
            : [await proofsFile(path, { [files.tag]: proofOf(sql, down) })]),
          ...list,
        ]);
      }),
  };
}

function upText({ remarks, statements }: DraftSql): string {
  return [...remarks.map((line) => `${line}\n`), statements.join(breakpoint)].join("");
}

/** Somebody may have added a migration since the folder was read. */
async function refuseMoved({ path, folder, service }: SchemaDiff): Promise<void> {
  const tagsOf = (one: SchemaDiff["folder"]) =>
    JSON.stringify(one?.migrations.map(({ tag }) => tag));
  if (tagsOf(await readFolder(path)) === tagsOf(folder)) return;
  throw new FleetError("write", `the migrations of ${service} have changed meanwhile`, {
    where: relative(process.cwd(), path),
    remedy: "Another generate was quicker. Run the command again. Nothing was written.",
  });
}

/**
 * The checksums of a migrations folder with what was not recorded yet.
 *
 * @param own checksums to record, whatever was recorded before
 */
export async function checksumsFile(
  path: string,
  own: Readonly<Record<string, string>>,
): Promise<NewFile> {
  const [folder, recorded] = await Promise.all([readFolder(path), readChecksums(path)]);
  const found = await Promise.all(
    (folder?.migrations ?? []).map(async (files) => {
      return (await readMigration("", files, recorded)) ?? [];
    }),
  );
  const migrations = found.flat();
  const present = Object.fromEntries(migrations.map(({ tag, checksum }) => [tag, checksum]));
  const others = new Set(Object.values(own));
  const isHeld = (checksum: string) =>
    others.has(checksum) ||
    migrations.some((migration) => isChecksumOfMigration(migration, checksum));
  // A converted folder has the same files under other names: the former ones go.
  const kept = Object.entries(recorded).filter(
    ([tag, checksum]) =>
      Object.hasOwn(present, tag) || Object.hasOwn(own, tag) || !isHeld(checksum),
  );
  const checksums = { ...present, ...Object.fromEntries(kept), ...own };
  return { path: checksumsPath(path), text: recordsText(checksums), replaces: true };
}
