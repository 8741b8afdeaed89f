import { relative } from "node:path";
import { FleetError } from "../core/errors.ts";
import { checksumOf } from "../source/checksums.ts";
import { type MigrationFiles, readFolder } from "../source/folder.ts";
import { proofOf, proofsFile } from "../source/proofs.ts";
import { type NewFile, withFolderLock, writeFiles } from "../source/write-files.ts";
import { checksumsFile } from "./checksums-file.ts";
import type { Decisions } from "./decisions.ts";
import type { SchemaDiff } from "./diff.ts";
import { type DownSql, downText, emptyDown, statementBreakpoint } from "./down.ts";

const customText =
  "-- Write the migration's SQL here. Do not qualify names with a schema: it runs in every tenant's own schema.\n";

/** A migration that is ready to be written. */
export interface Draft {
  readonly service: string;
  readonly tag: string;
  /** The path of its SQL file, as shown to the user. */
  readonly file: string;
  readonly sql: string;
  readonly downFile: string;
  readonly down: string;
  /** What the author must know: what depends on rows, or is unfinished. */
  readonly notes: readonly string[];
  /** True if a person has to finish it. */
  readonly unfinished: boolean;
  /** Why it was not tried on a server; undefined if it was. */
  readonly unproved: string | undefined;
  /** Writes all files, or none. */
  readonly write: () => Promise<void>;
}

/** The result for one service: its new migration, or none if its schema has no change. */
export interface Generated {
  readonly service: string;
  readonly migration: Omit<Draft, "write" | "service"> | undefined;
  /** The second migration of a change that was split: `migrate` holds it back. */
  readonly contract?: Omit<Draft, "write" | "service">;
  /** What code of the old release does not survive, and how to hold it back. */
  readonly advice?: readonly string[];
}

/** A new migration's SQL, its down's, and the notes on them. */
export interface DraftSql {
  readonly statements: readonly string[];
  readonly down: DownSql;
  /** Comment lines above the migration's SQL. */
  readonly remarks: readonly string[];
  readonly notes: readonly string[];
  readonly unfinished: boolean;
  readonly unproved: string | undefined;
}

/**
 * Prepares a migration as drizzle-kit would write it, with its down. The parser must be loaded.
 *
 * @param name the part of the tag after its number or time
 * @param draft the SQL; undefined for an empty migration to fill in
 * @throws FleetError `usage` for a name that cannot be part of a file name
 */
export async function draftMigration(
  diff: SchemaDiff,
  name: string,
  draft: DraftSql | undefined,
  decisions: Decisions,
): Promise<Draft> {
  refuseFileName(name);
  const { kit, previous, path, service, folder, prefix } = diff;
  const current = draft === undefined ? undefined : diff.current;
  const request = { path, folder, name, previous, current, decisions, prefix };
  const { files, list } = await kit.draft(request);
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
    notes: draft?.notes ?? ["fill in both files: an empty migration is refused"],
    unfinished: draft?.unfinished === true,
    unproved: draft?.unproved,
    write: () =>
      withFolderLock(path, async () => {
        await refuseChangedFolder(diff);
        const records = await recordsOf(path, files, { sql, down, draft });
        await writeFiles([
          { path: files.sql, text: sql, replaces: false },
          { path: files.down, text: down, replaces: false },
          ...records,
          ...list,
        ]);
      }),
  };
}

/** The checksum of a new migration, and its proof if it was proved. */
async function recordsOf(
  path: string,
  { tag }: MigrationFiles,
  { sql, down, draft }: { sql: string; down: string; draft: DraftSql | undefined },
): Promise<NewFile[]> {
  // A custom migration is still to be written: its checksum is recorded with the next one.
  if (draft === undefined) return [await checksumsFile(path, {})];
  const checksums = await checksumsFile(path, { [tag]: checksumOf(sql) });
  if (draft.unfinished || draft.unproved !== undefined) return [checksums];
  return [checksums, await proofsFile(path, { [tag]: proofOf(sql, down) })];
}

/** Writes the migrations of several services, one after the other. */
export async function writeDrafts(drafts: Iterable<Draft | undefined>): Promise<void> {
  for (const draft of drafts) await draft?.write();
}

/** A draft as a result that can be shown. */
export function generatedFrom(
  service: string,
  draft: Draft | undefined,
  contract?: Draft,
): Generated {
  if (draft === undefined) return { service, migration: undefined };
  return {
    service,
    migration: withoutWrite(draft),
    ...(contract === undefined ? {} : { contract: withoutWrite(contract) }),
  };
}

function withoutWrite(draft: Draft): Omit<Draft, "write" | "service"> {
  const { write: _1, service: _2, ...migration } = draft;
  return migration;
}

function refuseFileName(name: string): void {
  if (/^[A-Za-z0-9_-]+$/.test(name)) return;
  throw new FleetError("usage", `${JSON.stringify(name)} is not a valid migration name`, {
    remedy: "Use letters, digits, _ and -.",
  });
}

function upText({ remarks, statements }: DraftSql): string {
  return [...remarks.map((line) => `${line}\n`), statements.join(statementBreakpoint)].join("");
}

/** Another process may have added a migration since the folder was read. */
export async function refuseChangedFolder({ path, folder, service }: SchemaDiff): Promise<void> {
  const tagsOf = (one: SchemaDiff["folder"]) =>
    JSON.stringify(one?.migrations.map(({ tag }) => tag));
  if (tagsOf(await readFolder(path)) === tagsOf(folder)) return;
  throw new FleetError("write", `the migrations of ${service} changed while this command ran`, {
    where: relative(process.cwd(), path),
    remedy:
      "Nothing was written. Another generate command wrote a migration first. Run the same command again.",
  });
}
