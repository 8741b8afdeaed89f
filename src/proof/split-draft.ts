import { relative, resolve } from "node:path";
import { type Decisions, undecided } from "../autogenerate/decisions.ts";
import { type SchemaDiff, sqlOf } from "../autogenerate/diff.ts";
import { expandedSnapshot } from "../autogenerate/expand-snapshot.ts";
import { type FolderCopy, withFolderCopy } from "../autogenerate/folder-copy.ts";
import {
  type Draft,
  type DraftSql,
  draftMigration,
  refuseChangedFolder,
} from "../autogenerate/migration-draft.ts";
import { migrationNameFor } from "../autogenerate/migration-name.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import type { Context } from "../fleet/context.ts";
import { contractLine } from "../source/contracts.ts";
import { markLine } from "../source/downs.ts";
import { readFolder } from "../source/folder.ts";
import { withFolderLock, writeFiles } from "../source/write-files.ts";
import { draftSql } from "./draft-sql.ts";
import { readDraft } from "./read-draft.ts";
import type { ProofOptions } from "./scratch.ts";

/** How to split a change. */
export interface SplitOptions extends ProofOptions {
  readonly name?: string | undefined;
  /** How long the contract is held: `14d`. */
  readonly wait: string;
}

/** A change as two migrations. */
export interface SplitDraft {
  readonly expand: Draft;
  /** It is written together with the expand. */
  readonly contract: Draft;
}

/**
 * Drafts a change as two migrations: one that code of both releases can use, and a contract that `migrate` holds back. They
 * are drafted and proved one after the other in a copy of the folder, so that both are written, or none.
 *
 * @returns undefined if the change removes nothing that code of the old release needs
 */
export async function splitDraft(
  context: Context,
  diff: SchemaDiff,
  decisions: Decisions,
  options: SplitOptions,
): Promise<SplitDraft | undefined> {
  const { previous, current, folder } = diff;
  const { middle, held, notes } = expandedSnapshot(previous, current, decisions);
  if (folder === undefined || held.length === 0) return undefined;
  return withFolderCopy(diff, async (copy) => {
    const name = options.name ?? migrationNameFor(await sqlOf(diff, decisions));
    const first = { ...copy.diff, current: middle };
    const sql = await sqlFor(context, first, decisions, options);
    const expand = await draftMigration(first, `${name}_expand`, sql ?? marker(held), decisions);
    await expand.write();
    const second = await afterExpand(copy, current);
    const removal = await sqlFor(context, second, undecided, options);
    if (removal === undefined) throw nothingHeldError(held);
    const contract = await draftMigration(
      second,
      `${name}_contract`,
      { ...removal, remarks: [contractLine(expand.tag, options.wait), ...removal.remarks] },
      undecided,
    );
    await contract.write();
    const files = await copy.changed();
    const write = () =>
      withFolderLock(diff.path, async () => {
        await refuseChangedFolder(diff);
        await writeFiles(files);
      });
    const heldNotes = held.map((what) => `held back for ${options.wait}: ${what}`);
    return {
      expand: { ...shown(expand, copy), notes: [...expand.notes, ...notes], write },
      contract: {
        ...shown(contract, copy),
        notes: [...heldNotes, ...contract.notes],
        write: async () => undefined,
      },
    };
  });
}

/** The comparison that the contract is drafted from: the expand is now the newest migration. */
async function afterExpand(
  { diff }: FolderCopy,
  current: SchemaDiff["current"],
): Promise<SchemaDiff> {
  const folder = await readFolder(diff.path);
  const previous = await diff.kit.at(folder, (folder?.migrations.length ?? 0) - 1);
  // drizzle-kit 1.0 chooses the parent itself.
  const own = diff.kit.layout === "journal" ? { ...current, prevId: previous.id } : current;
  return { ...diff, folder, previous, current: own };
}

async function sqlFor(
  context: Context,
  diff: SchemaDiff,
  decisions: Decisions,
  options: ProofOptions,
): Promise<DraftSql | undefined> {
  const statements = await sqlOf(diff, decisions);
  throwProblems(readDraft(context, diff, statements), "drizzle-kit's SQL is refused");
  const [draft] = await draftSql(context, [{ diff, decisions, statements, faults: [] }], options);
  if (draft === undefined) return undefined;
  throwProblems(
    readDraft(context, diff, draft.statements, draft.down.statements),
    "drizzle-kit's SQL for the down is refused",
  );
  return draft;
}

/** An expand without SQL: the time at which it is applied is when the waiting begins. */
function marker(held: readonly string[]): DraftSql {
  return {
    statements: [],
    remarks: [
      markLine("empty", `on purpose: code of both releases can use this schema until the contract`),
      ...held.map((what) => `-- held back: ${what.replace(/\s+/g, " ")}`),
    ],
    down: {
      remarks: ["-- The migration changes nothing, so there is nothing to revert."],
      statements: ["SELECT 1;"],
    },
    notes: [],
    unfinished: false,
    unproved: undefined,
  };
}

/** A draft with the paths of the original folder. */
function shown(draft: Draft, { originalOf }: FolderCopy): Draft {
  const original = (path: string) => relative(process.cwd(), originalOf(resolve(path)));
  return { ...draft, file: original(draft.file), downFile: original(draft.downFile) };
}

function nothingHeldError(held: readonly string[]): FleetError {
  return new FleetError("schema", `drizzle-kit writes no SQL for a contract: ${held.join("; ")}`, {
    remedy:
      "Nothing was written. To write one migration for the complete change, run the same command with --no-split.",
  });
}
