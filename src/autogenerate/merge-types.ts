import type { BranchMigration } from "../source/branches.ts";
import type { Side } from "../source/conflicts.ts";
import type { BothRecords, Records } from "../source/records.ts";
import type { StoredSnapshot } from "../source/stored-snapshot.ts";
import type { NewFile } from "../source/write-files.ts";
import type { Moved } from "./merged-downs.ts";

/** Two branches, with their parts in a merge. */
export interface Sides<One extends BranchMigration = BranchMigration> {
  /** The one that stays as it is. */
  readonly kept: readonly One[];
  /** The one that goes after it. */
  readonly moved: readonly One[];
  /** True when something has applied migrations of both: then neither may get another name, unless both have the same. */
  readonly bothApplied: boolean;
}

/** A migration's names before and after a merge. */
interface Named {
  readonly side: Side;
  readonly from: string;
  readonly to: string;
}

/** What a merge makes of two branches. */
export interface Merge {
  readonly kept: readonly Named[];
  readonly moved: readonly Named[];
  /** The migration that follows both, where neither was put after the other. */
  readonly joinedBy?: string;
  /** What to write, the file that makes the rest count last. */
  readonly files: readonly NewFile[];
  /** What is to be removed then: the moved files under their old names. */
  readonly stale: readonly string[];
  /** The moved migrations with their new places. */
  readonly places: readonly Moved[];
  /** All snapshots of the merged history, oldest first. */
  readonly snapshots: readonly StoredSnapshot[];
}

/** A merge without the snapshots that it leaves. */
export function mergeOf(
  kept: readonly Moved[],
  moved: readonly Moved[],
  files: readonly NewFile[],
  stale: readonly string[],
): Omit<Merge, "snapshots"> {
  const named = ({ from, to }: Moved) => ({ side: from.side, from: from.files.tag, to: to.tag });
  return { kept: kept.map(named), moved: moved.map(named), files, stale, places: moved };
}

/** What was recorded on both branches, under the tags that a merge leaves. */
export function mergedRecords(
  { ours, theirs }: BothRecords,
  { kept, moved }: Pick<Merge, "kept" | "moved">,
): Records {
  const merged = new Map(Object.entries({ ...theirs, ...ours }));
  const named = [...kept, ...moved];
  for (const { from } of named) merged.delete(from);
  for (const { side, from, to } of named) {
    const [own, other] = side === "ours" ? [ours, theirs] : [theirs, ours];
    const value = Object.hasOwn(own, from) ? own[from] : other[from];
    if (value !== undefined) merged.set(to, value);
  }
  return Object.fromEntries(merged);
}
