import type { Observer } from "../core/events.ts";
import { type Plan, targetsOf } from "../core/plan.ts";
import { targetName } from "../core/target.ts";
import type { Context } from "../fleet/context.ts";
import { type OpenFleet, withFleet } from "../fleet/open-fleet.ts";
import { planFleet } from "../fleet/plan-fleet.ts";
import { type RolledOut, rollOut } from "../fleet/roll-out.ts";
import { choicesOf } from "../fleet/rollout-request.ts";
import { planTargetRepair } from "../plan/repair.ts";
import { divideIntoWaves } from "../plan/waves.ts";
import { type AppliedDiff, diffFromApplied } from "../source/git-history.ts";
import type { Selection } from "../tenants/targets.ts";

/** A migration whose file differs from what some targets have applied. */
export interface EditedMigration {
  readonly service: string;
  readonly tag: string;
  readonly file: string;
  /** The sha256 of the applied text, in hexadecimal. */
  readonly recorded: string;
  /** The sha256 of the file on disk, in hexadecimal. */
  readonly onDisk: string;
  /** The number of targets that applied the earlier text, from 1. */
  readonly targets: number;
  /** The names of these targets: `service/tenant`. */
  readonly targetNames: readonly string[];
  /** What was changed, if the applied text is in the repository's history. */
  readonly diff: AppliedDiff | undefined;
}

export interface RepairResult extends RolledOut {
  readonly edited: readonly EditedMigration[];
}

/**
 * Accepts edited migrations in their current form: records their new checksums in the ledgers. No migration is run, so
 * this is right only for edits that do not change the schema, such as comments or line endings.
 *
 * @param confirm receives the edited migrations, and returns whether to continue
 * @returns one outcome per target; none if `confirm` returned false
 * @throws FleetError as `migrate` does
 * @example
 * await repair(context, { services: [], tenants: [], databases: [] }, async () => true, observe);
 */
export function repair(
  context: Context,
  selection: Selection,
  confirm: (edited: readonly EditedMigration[]) => Promise<boolean>,
  observe: Observer,
): Promise<RepairResult> {
  return withFleet(context, selection, async (open) => {
    const fleet = await planFleet(open, planTargetRepair, { purpose: "change" });
    const plan = divideIntoWaves(fleet.plans, {});
    const edited = await describe(plan, fleet);
    if (edited.length > 0 && !(await confirm(edited))) return { plan, edited, outcomes: [] };
    const result = await rollOut(
      {
        ...{ verb: "repair", selection: { ...selection }, fleet, plan, planOne: planTargetRepair },
        scriptOf: (service, tag) => {
          const migration = migrationOf(fleet, service, tag);
          return migration && { migration, statements: [], sharedSchemas: [] };
        },
      },
      choicesOf(context, {}, plan),
      observe,
    );
    return { plan, edited, ...result };
  });
}

function migrationOf({ histories }: Pick<OpenFleet, "histories">, service: string, tag: string) {
  return histories.get(service)?.migrations.find((one) => one.tag === tag);
}

async function describe(plan: Plan, fleet: OpenFleet): Promise<EditedMigration[]> {
  const counts = new Map<
    string,
    { service: string; tag: string; recorded: string; targetNames: readonly string[] }
  >();
  for (const { target, steps } of targetsOf(plan)) {
    for (const { tag, replaces: recorded = "" } of steps) {
      const key = JSON.stringify([target.service, tag, recorded]);
      const entry = counts.get(key) ?? { service: target.service, tag, recorded, targetNames: [] };
      counts.set(key, { ...entry, targetNames: [...entry.targetNames, targetName(target)] });
    }
  }
  return Promise.all(
    [...counts.values()].flatMap(({ service, tag, recorded, targetNames }) => {
      const migration = migrationOf(fleet, service, tag);
      if (migration === undefined) return [];
      const { file, checksum: onDisk } = migration;
      return diffFromApplied(migration, recorded).then((diff) => ({
        service,
        tag,
        file,
        recorded,
        onDisk,
        targets: targetNames.length,
        targetNames,
        diff,
      }));
    }),
  );
}
