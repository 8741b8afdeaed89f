import { type RecordedGoal, readRecordedGoals, readRecordedSchemas } from "../control/rollouts.ts";
import { FleetError } from "../core/errors.ts";
import { isUnusable, type TargetPlan } from "../core/plan.ts";
import type { Direction } from "../core/rollout.ts";
import { type Target, targetName } from "../core/target.ts";
import { type History, historyOf } from "../plan/history.ts";
import type { Planner } from "../plan/targets.ts";
import {
  type EarlierRollout,
  isBehind,
  isUnfinished,
  positionOf,
  type TargetPosition,
} from "../plan/unfinished.ts";
import type { OpenFleet } from "./open-fleet.ts";
import { type PlannedFleet, planFleet, type ReadOptions } from "./plan-fleet.ts";
import type { ReadIn } from "./read-database.ts";

/** Where a verb brings its targets, to find those that are not there yet. */
export interface Destination {
  readonly direction: Direction;
  /** A service's newest migration afterwards: null for none, undefined if it is unknown. */
  readonly endIn: (history: History) => string | null | undefined;
  /** Like `endIn`, for an earlier rollout with this recorded selection. */
  readonly endAsked: (selection: RecordedGoal["selection"]) => string | null | undefined;
  /** True if an earlier rollout had the same destination. */
  readonly isSame: (selection: RecordedGoal["selection"]) => boolean;
  /** The command that brings all targets there, without using the records of earlier rollouts. */
  readonly command: string;
}

/** The plans of a run that includes only the targets that earlier rollouts left unfinished. */
export interface UnfinishedPlan {
  readonly planned: PlannedFleet;
  /** The plans of the targets that take part. */
  readonly plans: readonly TargetPlan[];
  /** How many targets are not at their destination and do not take part. */
  readonly omitted: number;
}

/** The plan and the position of one target. */
interface Seen {
  readonly plan: TargetPlan;
  readonly position: TargetPosition;
}

/** The fleet, and how to read its databases. */
interface Search {
  readonly fleet: OpenFleet;
  readonly destination: Destination;
  readonly readIn: ReadIn;
}

/**
 * Plans for the targets that earlier rollouts left unfinished: those that failed, were not reached, or have no recorded
 * outcome.
 *
 * @throws FleetError `usage` if a database with some of them has no record of any rollout
 */
export async function planUnfinished(
  fleet: OpenFleet,
  planOne: Planner,
  destination: Destination,
  options: ReadOptions & Required<Pick<ReadOptions, "readIn">>,
): Promise<UnfinishedPlan> {
  const positions = new Map<Target, TargetPosition>();
  const planAndNote: Planner = (target, history, state, facts) => {
    const plan = planOne(target, history, state, facts);
    const own = fleet.histories.get(target.service) ?? historyOf([]);
    positions.set(target, positionOf(own, state, plan.held));
    return plan;
  };
  const planned = await planFleet(fleet, planAndNote, options);
  const search: Search = { fleet, destination, readIn: options.readIn };
  const elsewhere = planned.plans.flatMap((plan): Seen[] => {
    const position = positions.get(plan.target);
    const seen = position && { plan, position };
    return seen !== undefined && isElsewhere(seen, search) ? [seen] : [];
  });
  const names = planned.databases.map(({ name }) => name);
  const unfinished = await unfinishedAmong(elsewhere, names, search);
  // A target whose database cannot be read must not count as finished.
  const plans = planned.plans.filter((plan) => unfinished.has(plan.target) || isUnusable(plan));
  return { planned, plans, omitted: elsewhere.length - plans.length };
}

/** True if a target is not at its destination, or has a problem that prevents it from getting there. */
function isElsewhere(
  { plan, position }: Seen,
  { fleet: { histories }, destination: { direction, endIn } }: Search,
): boolean {
  const history = histories.get(plan.target.service);
  if (history === undefined) return false;
  return plan.problems.length > 0 || isBehind(position, history, direction, endIn(history));
}

async function unfinishedAmong(
  elsewhere: readonly Seen[],
  names: readonly string[],
  search: Search,
): Promise<ReadonlySet<Target>> {
  const goals = new Map(
    await Promise.all(
      names.map(
        async (name) =>
          [name, await search.readIn(name, (session) => readRecordedGoals(session, name))] as const,
      ),
    ),
  );
  const chosen = await Promise.all(
    names.map((name) => {
      const here = elsewhere.filter(({ plan }) => plan.target.database === name);
      return here.length === 0 ? [] : unfinishedIn(name, here, goals, search);
    }),
  );
  return new Set(chosen.flat());
}

/** By database; undefined for a database without a record of any rollout. */
type KeptGoals = ReadonlyMap<string, readonly RecordedGoal[] | undefined>;

async function unfinishedIn(
  database: string,
  here: readonly Seen[],
  goals: KeptGoals,
  { fleet, destination, readIn }: Search,
): Promise<Target[]> {
  const own = goals.get(database);
  const lost = lostIn(database, goals);
  if (own === undefined && lost.length === 0) throw noRolloutsError(database, here, destination);
  const schemas = here.map(({ plan }) => plan.target.schema);
  const { covered, failed } =
    own === undefined
      ? { covered: new Map(), failed: new Map() }
      : await readIn(database, (session) => readRecordedSchemas(session, database, schemas));
  const all = [...(own ?? []), ...lost].map((one) => ({ one, isLost: lost.includes(one) }));
  // Lost rollouts are recorded in other databases, so this order relies on the clocks of several servers.
  if (lost.length > 0) all.sort((a, b) => b.one.startedAt.getTime() - a.one.startedAt.getTime());
  const passedFor = (target: Target) =>
    all
      .filter(({ one, isLost }) =>
        isLost ? mayCover(one, target) : covered.get(target.schema)?.has(one.id) === true,
      )
      .map(({ one }) => ({
        ...passedBy(one, target, destination),
        failed: failed.get(target.schema)?.has(one.id) === true,
      }));
  return here.flatMap(({ plan: { target, problems }, position }) => {
    const history = fleet.histories.get(target.service);
    if (history === undefined) return [];
    const { direction } = destination;
    const rollouts = passedFor(target);
    const work = { position, direction, rollouts, hasProblem: problems.length > 0 };
    return isUnfinished(work, history) ? [target] : [];
  });
}

function passedBy(
  { direction, goal, selection }: RecordedGoal,
  { service }: Target,
  { endAsked, isSame }: Destination,
): Omit<EarlierRollout, "failed"> {
  const end = goal === null ? endAsked(selection) : goal.ends[service];
  return { direction, end, same: isSame(selection) };
}

/** Rollouts with targets in a database that has no record of them: it was unreachable, or refused the record. */
function lostIn(database: string, goals: KeptGoals): RecordedGoal[] {
  const ids = new Set(goals.get(database)?.map(({ id }) => id));
  const others = [...goals.values()].flatMap((kept) => kept ?? []);
  const lost = others.filter(
    ({ id, goal }) => goal?.databases.includes(database) === true && !ids.has(id),
  );
  return [...new Map(lost.map((one) => [one.id, one])).values()];
}

/** Whether a rollout may have included a target, if its targets are not recorded. */
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
    `database "${database}" has no record of any rollout, so --failed cannot tell whether ${names}${more} failed`,
    { remedy: `Nothing was changed. To include every target, run: ${command}` },
  );
}
