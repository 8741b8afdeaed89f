import type { Observer } from "../core/events.ts";
import { type Plan, targetsOf } from "../core/plan.ts";
import { type Context, selectTargets, withDatabases } from "../fleet/context.ts";
import { planFleet, readHistories } from "../fleet/plan-fleet.ts";
import { type PreparedRollout, type RolledOut, rollOut } from "../fleet/roll-out.ts";
import { withTenants } from "../fleet/roster.ts";
import { planTargetRepair } from "../plan/repair.ts";
import { divide } from "../plan/waves.ts";
import { type AppliedDiff, diffFromApplied } from "../source/git-history.ts";
import type { Selection } from "../tenants/targets.ts";

/** A migration whose file is another than the one that some targets have applied. */
export interface EditedMigration {
  readonly service: string;
  readonly tag: string;
  readonly file: string;
  /** sha256 hex of what was applied, and of what is on disk. */
  readonly recorded: string;
  readonly onDisk: string;
  readonly targets: number;
  /** What was changed, where the applied text is found in the repository's history. */
  readonly diff: AppliedDiff | undefined;
}

export interface RepairResult extends RolledOut {
  readonly edited: readonly EditedMigration[];
}

/**
 * Accepts edited migrations as they are on disk: their new checksums go into the ledgers. Nothing is run, so that
 * it is right only for edits that leave the schema as it is, such as comments or line ends.
 *
 * @param confirm sees what was edited, and says whether to go on
 * @throws FleetError as `migrate` does
 */
export function repair(
  context: Context,
  selection: Selection,
  confirm: (edited: readonly EditedMigration[]) => Promise<boolean>,
  observe: Observer,
): Promise<RepairResult> {
  return withTenants(context, selection, (known) =>
    repairKnown(known, selection, confirm, observe),
  );
}

async function repairKnown(
  context: Context,
  selection: Selection,
  confirm: (edited: readonly EditedMigration[]) => Promise<boolean>,
  observe: Observer,
): Promise<RepairResult> {
  const targets = selectTargets(context, selection);
  const histories = await readHistories(context, targets);
  const names = [...new Set(targets.map(({ database }) => database))];
  return withDatabases(context, names, async (open) => {
    const fleet = await planFleet(context, targets, histories, open, planTargetRepair, true);
    const plan = divide(fleet.targets, {});
    const edited = await describe(plan, histories);
    if (edited.length > 0 && !(await confirm(edited))) return { plan, edited, outcomes: [] };
    const prepared: PreparedRollout = {
      verb: "repair",
      selection: { ...selection },
      plan,
      planOne: planTargetRepair,
      histories,
      databases: fleet.databases,
      scriptOf: (service, tag) => {
        const migration = histories.get(service)?.migrations.find((one) => one.tag === tag);
        return migration && { migration, statements: [], sharedSchemas: [] };
      },
    };
    const { concurrency, timeouts } = context.config.fleet;
    const choices = { concurrency, timeouts, soakMs: 0, maxFailures: Number.POSITIVE_INFINITY };
    return { plan, edited, ...(await rollOut(context, prepared, open, choices, observe)) };
  });
}

async function describe(
  plan: Plan,
  histories: PreparedRollout["histories"],
): Promise<EditedMigration[]> {
  const counts = new Map<
    string,
    { service: string; tag: string; recorded: string; targets: number }
  >();
  for (const { target, steps } of targetsOf(plan)) {
    for (const { tag, replaces: recorded = "" } of steps) {
      const key = JSON.stringify([target.service, tag, recorded]);
      const entry = counts.get(key) ?? { service: target.service, tag, recorded, targets: 0 };
      counts.set(key, { ...entry, targets: entry.targets + 1 });
    }
  }
  return Promise.all(
    [...counts.values()].flatMap(({ service, tag, recorded, targets }) => {
      const migration = histories.get(service)?.migrations.find((one) => one.tag === tag);
      if (migration === undefined) return [];
      const { file, checksum: onDisk } = migration;
      return diffFromApplied(migration, recorded).then((diff) => ({
        service,
        tag,
        file,
        recorded,
        onDisk,
        targets,
        diff,
      }));
    }),
  );
}
