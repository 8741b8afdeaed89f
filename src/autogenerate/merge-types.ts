import type { BranchMigration } from "../source/branches.ts";
import type { Side } from "../source/conflicts.ts";
import type { MigrationFiles } from "../source/folder.ts";
import type { BothRecords, Records } from "../source/records.ts";
import type { StoredSnapshot } from "../source/stored-snapshot.ts";
import type { NewFile } from "../source/write-files.ts";

/** Two branches with their roles in a merge. */
export interface Sides<One extends BranchMigration = BranchMigration> {
  /** The branch that stays in its place. */
  readonly kept: readonly One[];
  /** The branch that goes after it. */
  readonly moved: readonly One[];
  /** True if migrations of both branches are applied somewhere: then tags change only where both have the same. */
  readonly bothApplied: boolean;
}

/** A migration with the place that it gets in a merge. */
export interface MovedMigration {
  readonly from: BranchMigration;
  readonly to: MigrationFiles;
}

/** A migration's tags before and after a merge. */
interface MigrationNames {
  readonly side: Side;
  readonly from: string;
  readonly to: string;
}

/** The result of merging two branches. */
export interface Merge {
  readonly kept: readonly MigrationNames[];
  readonly moved: readonly MigrationNames[];
  /** The migration that follows both branches, if neither was put after the other. */
  readonly joinedBy?: string;
  /** Files to write. The last one makes the others count. */
  readonly files: readonly NewFile[];
  /** Files to remove afterwards: the moved files at their old paths. */
  readonly stale: readonly string[];
  /** The moved migrations with their new places. */
  readonly places: readonly MovedMigration[];
  /** All snapshots of the merged history, oldest first. */
  readonly snapshots: readonly StoredSnapshot[];
}

/** Makes a merge from placed migrations; its snapshots are added by the caller. */
export function mergeOf({
  kept,
  moved,
  files,
  stale,
}: {
  readonly kept: readonly MovedMigration[];
  readonly moved: readonly MovedMigration[];
  readonly files: readonly NewFile[];
  readonly stale: readonly string[];
}): Omit<Merge, "snapshots"> {
  const named = ({ from, to }: MovedMigration) => ({
    side: from.side,
    from: from.files.tag,
    to: to.tag,
  });
  return { kept: kept.map(named), moved: moved.map(named), files, stale, places: moved };
}

/** The records of both branches, under the tags after the merge. */
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
