import type { BranchMigration } from "../source/branches.ts";
import { endsOf } from "../source/stored-snapshot.ts";
import { asParts } from "./folder-parts.ts";
import { footprintConflicts } from "./footprints.ts";
import type { Kit, Snapshot } from "./kit-types.ts";
import { mergeSnapshots } from "./three-way.ts";

/** What comes of carrying one branch's migrations onto another branch. */
export interface Comparison {
  /** What both branches change, or what of one does not go with the other, as a person reads it. */
  readonly conflicts: readonly string[];
  /** In 0.31's form: the schema as each of the moved migrations leaves it on top of the kept ones. */
  readonly snapshots: readonly Snapshot[];
}

/** A migration as a step from one schema to another. */
interface Step {
  readonly before: Snapshot;
  readonly after: Snapshot;
}

/**
 * Compares two branches, step by step and in both orders: where both are applied somewhere, some tenants run one first and
 * some the other. drizzle-kit 1.0's notes on its statements are taken into account, too.
 *
 * @param base what both have
 */
export async function compareBranches(
  kit: Kit,
  base: readonly BranchMigration[],
  kept: readonly BranchMigration[],
  moved: readonly BranchMigration[],
): Promise<Comparison> {
  const stored = [...base, ...kept, ...moved].map(({ snapshot }) => snapshot);
  const state = async (ends: readonly string[]) => {
    const one = await kit.state(stored, ends);
    return kit.layout === "folders" ? asParts(one) : one;
  };
  const stepsOf = async (branch: readonly BranchMigration[]) => {
    const steps: Step[] = [];
    for (const { snapshot } of branch)
      steps.push({ before: await state(snapshot.parents), after: await state([snapshot.id]) });
    return steps;
  };
  const start = await state(endsOf(base.map(({ snapshot }) => snapshot)));
  const [keptSteps, movedSteps] = [await stepsOf(kept), await stepsOf(moved)];
  const [keptEnd] = carry(start, keptSteps).snapshots.slice(-1);
  const [movedEnd] = carry(start, movedSteps).snapshots.slice(-1);
  const forth = carry(keptEnd ?? start, movedSteps);
  const back = carry(movedEnd ?? start, keptSteps);
  const noted = footprintConflicts(kept, moved);
  const conflicts = new Set([...forth.conflicts, ...back.conflicts, ...noted]);
  return { conflicts: [...conflicts].sort(), snapshots: forth.snapshots };
}

/** Carries steps onto a schema that lacks none of what comes before them. */
function carry(onto: Snapshot, steps: readonly Step[]): Comparison {
  const conflicts: string[] = [];
  let ours = onto;
  const snapshots = steps.map(({ before, after }) => {
    const result = mergeSnapshots(before, ours, after);
    conflicts.push(...result.conflicts, ...result.repeated);
    ours = result.merged;
    return result.merged;
  });
  return { conflicts, snapshots };
}
