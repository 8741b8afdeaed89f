import { relative } from "node:path";
import { readVersion } from "../source/branches.ts";
import { proofOf } from "../source/proofs.ts";
import type { BothRecords } from "../source/records.ts";
import type { StoredSnapshot } from "../source/stored-snapshot.ts";
import type { NewFile } from "../source/write-files.ts";
import { downSqlOf, downText } from "./down.ts";
import type { Kit } from "./kit-types.ts";
import type { MovedMigration } from "./merge-types.ts";

/** The downs of migrations that a merge puts after others. */
export interface MergedDowns {
  readonly files: readonly NewFile[];
  /** The downs that were edited by hand, and stay as they are: their paths as shown to the user. */
  readonly edited: readonly string[];
}

/** What the downs of moved migrations are made from. */
export interface MovedHistory {
  /** All snapshots as the branches have them, oldest first. */
  readonly before: readonly StoredSnapshot[];
  /** All snapshots of the merged history, oldest first. */
  readonly after: readonly StoredSnapshot[];
  readonly moved: readonly MovedMigration[];
  /** The checksums that each branch recorded. */
  readonly recorded: BothRecords<string>;
  /** The proofs that each branch recorded. */
  readonly proofs: BothRecords<string>;
}

/** Makes the downs of moved migrations for their new place. The parser must be loaded. */
export async function mergedDowns(
  kit: Kit,
  { before, after, moved, recorded, proofs }: MovedHistory,
): Promise<MergedDowns> {
  const files: NewFile[] = [];
  const edited: string[] = [];
  for (const { from, to } of moved) {
    const { side, snapshot, files: own } = from;
    const up = await readVersion(own.sql, side, recorded[side][own.tag]);
    const down = await readVersion(own.down, side, undefined);
    if (up === undefined || down === undefined) continue;
    const former = await downIn(kit, before, snapshot.id, { file: own.sql, text: up.text });
    const text = await downIn(kit, after, snapshot.id, { file: to.sql, text: up.text });
    if (down.text.trim() === former.trim()) files.push({ path: to.down, text, replaces: true });
    // The proof may have reordered it: a proved down is valid unless it has to revert something else now.
    else if (former !== text || proofs[side][own.tag] !== proofOf(up.text, down.text))
      edited.push(relative(process.cwd(), to.down));
  }
  return { files, edited };
}

/** The text of a migration's down in a history. */
async function downIn(
  kit: Kit,
  stored: readonly StoredSnapshot[],
  id: string,
  up: { readonly file: string; readonly text: string },
): Promise<string> {
  const own = stored.find((one) => one.id === id);
  const previous = await kit.state(stored, own?.parents ?? []);
  const shown = { file: relative(process.cwd(), up.file), text: up.text };
  return downText(shown.file, await downSqlOf(kit, previous, await kit.state(stored, [id]), shown));
}
