import type { BranchMigration } from "../source/branches.ts";
import { endsOf } from "../source/stored-snapshot.ts";
import { asJournalSnapshot } from "./as-journal-snapshot.ts";
import { footprintConflicts } from "./footprints.ts";
import type { Kit, Snapshot } from "./kit-types.ts";
import { mergeSnapshots } from "./merge-snapshots.ts";

/** The result of applying one branch's changes to another branch. */
export interface BranchComparison {
  /** What both branches change, and what is incompatible, as shown to the user. */
  readonly conflicts: readonly string[];
  /** In 0.31's form: the schema after each moved migration, when it runs after the kept ones. */
  readonly snapshots: readonly Snapshot[];
}

/** The schemas before and after a migration. */
interface SchemaStep {
  readonly before: Snapshot;
  readonly after: Snapshot;
}

/**
 * Compares two branches, migration by migration and in both orders: if both are applied somewhere, tenants run them in
 * different orders. Also uses the footprints that drizzle-kit 1.0 records.
 *
 * @param base the migrations that both branches have
 */
export async function compareBranches(
  kit: Kit,
  base: readonly BranchMigration[],
  kept: readonly BranchMigration[],
  moved: readonly BranchMigration[],
): Promise<BranchComparison> {
  const stored = [...base, ...kept, ...moved].map(({ snapshot }) => snapshot);
  const state = async (ends: readonly string[]) => {
    const one = await kit.state(stored, ends);
    return kit.layout === "folders" ? asJournalSnapshot(one) : one;
  };
  const stepsOf = async (branch: readonly BranchMigration[]) => {
    const steps: SchemaStep[] = [];
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

/** Applies steps to a schema that contains everything the steps are based on. */
function carry(onto: Snapshot, steps: readonly SchemaStep[]): BranchComparison {
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
