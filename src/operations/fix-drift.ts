import { counted } from "../core/count.ts";
import type { DriftShape } from "../core/drift.ts";
import type { Observer } from "../core/events.ts";
import type { PlanProblem } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import type { Allowances } from "../drift/allowed.ts";
import { type ComparedTarget, compareFleet, type DriftRequest } from "../drift/compare.ts";
import { scriptOfRepair } from "../drift/repair/script.ts";
import { draftShapes, proveShapes, type ShapeRepair } from "../drift/repair/shapes.ts";
import { type DriftResult, resultOf } from "../drift/result.ts";
import { commandText } from "../fleet/command.ts";
import type { Context } from "../fleet/context.ts";
import { type Offline, refuseSeveral, writeScripts } from "../fleet/offline.ts";
import { type OpenFleet, withFleet } from "../fleet/open-fleet.ts";
import { planFleet } from "../fleet/plan-fleet.ts";
import { type RolledOut, rollOut } from "../fleet/roll-out.ts";
import {
  choicesOf,
  divisionOf,
  type RolloutRequest,
  selectionFor,
} from "../fleet/rollout-request.ts";
import { digestOf } from "../ledger/digest.ts";
import { planTarget } from "../plan/migrate.ts";
import type { Planner } from "../plan/targets.ts";
import { divideIntoWaves } from "../plan/waves.ts";
import type { MigrationScript } from "../rollout/step-run.ts";

/** What to repair, and how. */
export interface FixRequest extends DriftRequest, Omit<RolloutRequest, "failed"> {
  /** Also remove what is not expected. Tables and columns only if they are empty. */
  readonly allowDrops?: boolean;
}

export interface FixResult extends RolledOut {
  /** The command that repairs the remaining targets, ready to copy. */
  readonly again: string;
  /** What was found before the repair. */
  readonly found: DriftResult;
  /** What the targets that were to be repaired differ in now; undefined if nothing was changed. */
  readonly remaining?: readonly DriftShape[];
}

/**
 * Repairs drift: makes tenant schemas what their ledgers say. Each repair is proved on a copy of a tenant first, and runs as a
 * rollout. A target is changed only if it still differs as it did, and a transaction is committed only if nothing else differs
 * afterwards.
 *
 * @param confirm receives what was found, with the SQL that repairs it, and returns whether to continue
 * @returns one outcome per target with a repair; none if `confirm` returned false or nothing can be repaired
 * @throws FleetError as `drift` and `migrate` do
 * @example
 * const request = { services: [], tenants: ["acme"], databases: [] };
 * const { remaining } = await fixDrift(context, request, async () => true, observe);
 */
export function fixDrift(
  context: Context,
  request: FixRequest,
  confirm: (found: DriftResult) => Promise<boolean>,
  observe: Observer,
): Promise<FixResult> {
  return withFleet(context, request, async (open) => {
    const { comparison, repairs, found } = await prepare(open, request);
    const tasks = tasksOf(open, repairs, comparison.allowed);
    const targets = open.targets.filter((target) => tasks.of.has(target));
    const again = commandOf(context, request);
    if (targets.length === 0) return { plan: { waves: [] }, found, outcomes: [], again };
    const selected = { ...open, targets };
    const planOne = plannerOf(tasks.of);
    const fleet = await planFleet(selected, planOne, { purpose: "change" });
    const plan = divideIntoWaves(fleet.plans, divisionOf(selected, request));
    if (!(await confirm(found))) return { plan, found, outcomes: [], again };
    const result = await rollOut(
      {
        ...{ verb: "drift --fix", selection: selectionFor(context, request), fleet, plan, planOne },
        scriptOf: (_, tag) => tasks.scripts.get(tag),
      },
      choicesOf(context, request, plan),
      observe,
    );
    const { shapes } = await compareFleet(selected, request);
    return { plan, found, ...result, again, remaining: shapes.map(({ shape }) => shape) };
  });
}

/** The command that makes the same request. */
function commandOf(context: Context, request: FixRequest): string {
  const against = request.against === undefined ? [] : ["--against", request.against];
  const drops = request.allowDrops === true ? ["--allow-drops"] : [];
  return commandText(context, ["drift", "--fix", ...against, ...drops], request);
}

async function prepare(open: OpenFleet, request: FixRequest) {
  const comparison = await compareFleet(open, request);
  const choices = { allowDrops: request.allowDrops === true };
  const drafts = await draftShapes(open, comparison, choices);
  const repairs = await proveShapes(open, drafts);
  return { comparison, repairs, found: resultOf(comparison, repairs) };
}

/** What is to be done with a target. */
interface Task extends ComparedTarget {
  readonly tag: string;
}

/** One script for each shape with a repair, and the task of each of its targets. */
function tasksOf(open: OpenFleet, repairs: readonly ShapeRepair[], allowed: Allowances) {
  const scripts = new Map<string, MigrationScript>();
  const of = new Map<Target, Task>();
  for (const [index, repair] of repairs.entries()) {
    if (repair.draft.repaired.length === 0) continue;
    const tag = `drift-fix-${index + 1}`;
    scripts.set(tag, scriptOfRepair(open, repair, tag, allowed));
    for (const [target, member] of repair.compared.members) of.set(target, { ...member, tag });
  }
  return { scripts, of };
}

/** Plans one step for each target. Its ledger must be the one that it was compared with. */
function plannerOf(tasks: ReadonlyMap<Target, Task>): Planner {
  return (target, history, state) => {
    const plan = planTarget(target, history, state, { allowOutOfOrder: true });
    const task = tasks.get(target);
    const common = { ...plan, pending: 1, steps: [], create: "nothing", sealed: false } as const;
    if (task === undefined || plan.problems.length > 0) return common;
    const ledger = digestOf(task.entries);
    const current = state.kind === "ledger" ? digestOf(state.entries) : undefined;
    if (current !== ledger) return { ...common, problems: [changed] };
    const { tag } = task;
    const step = { action: "fix", tag, checksum: "", resumeAt: 0, resumeChecksum: "" } as const;
    return { ...common, steps: [{ ...step, begun: false, ledger, ledgerAfter: ledger }] };
  };
}

const changed: PlanProblem = {
  kind: "changed",
  tag: undefined,
  message: "its ledger has changed since it was compared",
  remedy: "Nothing was changed. Run the same command again.",
};

/**
 * Writes the SQL that `fixDrift` would run, for psql. Changes nothing in the tenant schemas.
 *
 * @param offline a folder for one file per target, which must not exist yet; or where to write one script for all
 * @returns what was found, with the proved repairs
 * @throws FleetError as `drift` does; `write` if a file exists or cannot be written
 */
export function scriptFixes(
  context: Context,
  request: FixRequest,
  { folder, write }: Omit<Offline, "from">,
): Promise<DriftResult> {
  return withFleet(context, request, async (open) => {
    const { comparison, repairs, found } = await prepare(open, request);
    const tasks = tasksOf(open, repairs, comparison.allowed);
    const targets = open.targets.filter((target) => tasks.of.has(target));
    if (targets.length === 0) return found;
    const planOne = plannerOf(tasks.of);
    const { plans } = await planFleet({ ...open, targets }, planOne, { purpose: "look" });
    const changed = plans.filter(({ steps }) => steps.length > 0);
    if (folder === undefined) refuseSeveral(changed.map(({ target }) => target));
    const options = {
      verb: "drift --fix",
      again: "Run it once. To see what is left after an error, run: npx drizzle-fleet drift",
      scripts: {
        scriptOf: (_: string, tag: string) => tasks.scripts.get(tag),
        extensions: new Map(),
      },
      timeouts: { ...context.config.fleet.timeouts, ...request.timeouts },
    };
    await writeScripts(context, changed, options, { folder, write });
    const where = folder === undefined ? "" : `, one file each in ${folder}`;
    context.notify(`Wrote SQL for ${counted(changed.length, "target")}${where}.`);
    return found;
  });
}
