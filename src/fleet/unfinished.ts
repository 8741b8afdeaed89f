import { type RecordedGoal, readRecordedGoals, readRecordedSchemas } from "../control/rollouts.ts";
import { FleetError } from "../core/errors.ts";
import type { TargetPlan } from "../core/plan.ts";
import type { Direction } from "../core/rollout.ts";
import { type Target, targetName } from "../core/target.ts";
import { type History, historyOf, type Planner } from "../plan/build.ts";
import {
  isShort,
  isUnfinished,
  type Passed,
  type Standing,
  standingOf,
} from "../plan/unfinished.ts";
import type { ReadIn } from "./plan-fleet.ts";

/** Where a verb brings its targets, so that it can be told who has not arrived. */
export interface Destination {
  readonly direction: Direction;
  /** A service's newest migration in the end: null for none, undefined when that is not known. */
  readonly endIn: (history: History) => string | null | undefined;
  /** As `endIn`, of what an earlier rollout was asked for, by its selection. */
  readonly endAsked: (selection: RecordedGoal["selection"]) => string | null | undefined;
  /** True when an earlier rollout was asked for the same. */
  readonly isSame: (selection: RecordedGoal["selection"]) => boolean;
  /** The command that brings all of them there, whatever is kept. */
  readonly command: string;
}

/** What was planned for one target, and where it stands. */
export interface Seen {
  readonly plan: TargetPlan;
  readonly standing: Standing;
}

/** A planner that also notes where each target stands. */
export function observing(
  planOne: Planner,
  histories: ReadonlyMap<string, History>,
): { readonly planOne: Planner; readonly standings: ReadonlyMap<Target, Standing> } {
  const standings = new Map<Target, Standing>();
  const empty = historyOf([]);
  return {
    standings,
    planOne: (target, history, state) => {
      standings.set(target, standingOf(histories.get(target.service) ?? empty, state));
      return planOne(target, history, state);
    },
  };
}

/** True when a target is not where a verb brings it, or has a problem that would keep it from being brought there. */
export function isOut(
  { plan, standing }: Seen,
  histories: ReadonlyMap<string, History>,
  { direction, endIn }: Destination,
): boolean {
  const history = histories.get(plan.target.service);
  if (history === undefined) return false;
  return plan.problems.length > 0 || isShort(standing, history, direction, endIn(history));
}

/**
 * Chooses what earlier rollouts have left undone: where they failed, did not come to, or did not keep what became of it.
 *
 * @param out the targets that are not where the verb brings them, see `isOut`
 * @throws FleetError `usage` when a database that has some of them keeps no rollouts
 */
export async function unfinishedOf(
  out: readonly Seen[],
  names: readonly string[],
  histories: ReadonlyMap<string, History>,
  course: Destination,
  within: ReadIn,
): Promise<ReadonlySet<Target>> {
  const kept = new Map(
    await Promise.all(
      names.map(
        async (name) => [name, await within(name, (s) => readRecordedGoals(s, name))] as const,
      ),
    ),
  );
  const chosen = await Promise.all(
    names.map((name) => {
      const here = out.filter(({ plan }) => plan.target.database === name);
      return here.length === 0 ? [] : chosenIn(name, here, kept, histories, course, within);
    }),
  );
  return new Set(chosen.flat());
}

type KeptGoals = ReadonlyMap<string, readonly RecordedGoal[] | undefined>;

async function chosenIn(
  database: string,
  here: readonly Seen[],
  kept: KeptGoals,
  histories: ReadonlyMap<string, History>,
  course: Destination,
  within: ReadIn,
): Promise<Target[]> {
  const own = kept.get(database);
  const lost = lostIn(database, kept);
  if (own === undefined && lost.length === 0) throw noRolloutsError(database, here, course);
  const schemas = here.map(({ plan }) => plan.target.schema);
  const { covered, failed } =
    own === undefined
      ? { covered: new Map(), failed: new Map() }
      : await within(database, (session) => readRecordedSchemas(session, database, schemas));
  const all = [...(own ?? []), ...lost].map((one) => ({ one, isLost: lost.includes(one) }));
  // Only what another database keeps is put in its place by the clocks of two servers.
  if (lost.length > 0) all.sort((a, b) => b.one.startedAt.getTime() - a.one.startedAt.getTime());
  return here.flatMap(({ plan: { target, problems }, standing }) => {
    const history = histories.get(target.service);
    if (history === undefined) return [];
    const passed = all
      .filter(({ one, isLost }) =>
        isLost ? mayCover(one, target) : covered.get(target.schema)?.has(one.id) === true,
      )
      .map(({ one }) =>
        passedBy(one, target, course, failed.get(target.schema)?.has(one.id) === true),
      );
    const { direction } = course;
    return isUnfinished(standing, history, direction, passed, problems.length > 0) ? [target] : [];
  });
}

function passedBy(
  { direction, goal, selection }: RecordedGoal,
  { service }: Target,
  course: Destination,
  failed: boolean,
): Passed {
  const end = goal === null ? course.endAsked(selection) : goal.ends[service];
  return { direction, end, same: course.isSame(selection), failed };
}

/** Rollouts that had targets in a database which does not keep them: it was out of reach, or refused. */
function lostIn(database: string, kept: KeptGoals): RecordedGoal[] {
  const ids = new Set(kept.get(database)?.map(({ id }) => id));
  const others = [...kept.values()].flatMap((courses) => courses ?? []);
  const lost = others.filter(
    ({ id, goal }) => goal?.databases.includes(database) === true && !ids.has(id),
  );
  return [...new Map(lost.map((one) => [one.id, one])).values()];
}

/** What a rollout was asked for, when its targets are not known. */
function mayCover({ selection, goal }: RecordedGoal, { service, tenant }: Target): boolean {
  const named = selection.tenants;
  const allowed = !Array.isArray(named) || named.length === 0 || named.includes(tenant);
  return allowed && goal !== null && Object.hasOwn(goal.ends, service);
}

function noRolloutsError(
  database: string,
  here: readonly Seen[],
  { command }: Destination,
): FleetError {
  const [first] = here;
  const names = first === undefined ? "" : targetName(first.plan.target);
  const more = here.length > 1 ? ` and ${here.length - 1} more` : "";
  return new FleetError(
    "usage",
    `database "${database}" keeps no rollouts, so that --failed cannot tell what is left: ${names}${more} may be`,
    { remedy: `Nothing was changed. Run without --failed: ${command}` },
  );
}
