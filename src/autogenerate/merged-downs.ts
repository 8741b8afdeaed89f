import { relative } from "node:path";
import { type BranchMigration, readVersion } from "../source/branches.ts";
import type { MigrationFiles } from "../source/folder.ts";
import { proofOf } from "../source/proofs.ts";
import type { BothRecords } from "../source/records.ts";
import type { StoredSnapshot } from "../source/stored-snapshot.ts";
import type { NewFile } from "../source/write-files.ts";
import { downText, reverseOf } from "./down.ts";
import type { Kit } from "./kit-types.ts";

/** A migration that a merge puts somewhere else. */
export interface Moved {
  readonly from: BranchMigration;
  readonly to: MigrationFiles;
}

/** The downs of migrations that follow others now. */
export interface MergedDowns {
  readonly files: readonly NewFile[];
  /** Those that were edited by hand, and stay as they are: their paths as shown to people. */
  readonly edited: readonly string[];
}

/**
 * Makes the downs of moved migrations anew. The parser must be loaded.
 *
 * @param before all snapshots as the branches have them, oldest first
 * @param after all snapshots of the merged history, oldest first
 * @param recorded the checksums that each branch has recorded
 * @param proofs what each branch has proved
 */
export async function mergedDowns(
  kit: Kit,
  before: readonly StoredSnapshot[],
  after: readonly StoredSnapshot[],
  moved: readonly Moved[],
  recorded: BothRecords<string>,
  proofs: BothRecords<string>,
): Promise<MergedDowns> {
  const files: NewFile[] = [];
  const edited: string[] = [];
  const textIn = async (
    stored: readonly StoredSnapshot[],
    id: string,
    file: string,
    up: string,
  ) => {
    const own = stored.find((one) => one.id === id);
    const previous = await kit.state(stored, own?.parents ?? []);
    const shown = { file: relative(process.cwd(), file), text: up };
    return downText(
      shown.file,
      await reverseOf(kit, previous, await kit.state(stored, [id]), shown),
    );
  };
  for (const { from, to } of moved) {
    const { side, snapshot, files: own } = from;
    const up = await readVersion(own.sql, side, recorded[side][own.tag]);
    const down = await readVersion(own.down, side, undefined);
    if (up === undefined || down === undefined) continue;
    const former = await textIn(before, snapshot.id, own.sql, up.text);
    const text = await textIn(after, snapshot.id, to.sql, up.text);
    if (down.text.trim() === former.trim()) files.push({ path: to.down, text, replaces: true });
    // What was proved was put into an order that runs: it stands, unless there is something else to take back now.
    else if (former !== text || proofs[side][own.tag] !== proofOf(up.text, down.text))
      edited.push(relative(process.cwd(), to.down));
  }
  return { files, edited };
}
