import { FleetError, throwProblems } from "../core/errors.ts";
import { isFailure, type Outcome } from "../core/outcome.ts";
import { hasWork, type Plan, targetsOf } from "../core/plan.ts";
import type { RolloutGoal } from "../core/rollout.ts";
import type { Target } from "../core/target.ts";
import type { History } from "../plan/history.ts";
import type { Planner } from "../plan/targets.ts";
import { type Division, divideIntoWaves } from "../plan/waves.ts";
import { unknownNames } from "../tenants/targets.ts";
import type { Context } from "./context.ts";
import { databasesOf } from "./databases.ts";
import { type OpenFleet, withOpen, withSelected } from "./open-fleet.ts";
import { type Inspector, type PlannedFleet, planFleet, type ReadOptions } from "./plan-fleet.ts";
import type { ReadIn } from "./read-database.ts";
import { divisionOf, type RolloutRequest } from "./rollout-request.ts";
import { type Announcement, RunSessions } from "./sessions.ts";
import { type Destination, planUnfinished, type UnfinishedPlan } from "./unfinished.ts";

/** A plan, and what it was made from. */
export interface Planned {
  readonly plan: Plan;
  readonly fleet: PlannedFleet;
  /** The sessions that read the fleet; they also announce the run to other runs. */
  readonly sessions: RunSessions;
  /** How many selected targets are not at their destination and were omitted because of `failed`. */
  readonly omitted: number;
}

/** What a verb plans. */
export interface Planning {
  readonly request: RolloutRequest;
  readonly planOne: Planner;
  /** `change`: the plan will be run, see `planFleet`. */
  readonly purpose: "look" | "change";
  /** A migration that the request names: every selected service must have it. */
  readonly tag: string | undefined;
  /** Finds problems of targets that their ledgers do not show. */
  readonly inspect?: Inspector;
  /** See `ReadOptions`. */
  readonly contractTimes?: boolean;
  /** Where the verb brings its targets; undefined for verbs that bring them nowhere. */
  readonly destination?: Destination;
}

/**
 * Plans for the targets of a request, and gives the plan to `use` while the databases are open.
 *
 * @throws FleetError for the request, the configuration, the migrations on disk, or if no database can be used
 */
export function withPlan<Result>(
  context: Context,
  planning: Planning,
  use: (planned: Planned) => Promise<Result>,
): Promise<Result> {
  const { request, tag } = planning;
  return withSelected(context, request, (selected) => {
    const division = divisionOf(selected, request);
    refuseUnknownTag(tag, selected.histories);
    return withOpen(selected, (fleet) => planOpened(fleet, division, planning, use));
  });
}

async function planOpened<Result>(
  fleet: OpenFleet,
  division: Division,
  { request, planOne, purpose, destination, inspect, contractTimes = false }: Planning,
  use: (planned: Planned) => Promise<Result>,
): Promise<Result> {
  const { context, open, targets } = fleet;
  const noted = purpose === "change" && destination !== undefined;
  const sessions = new RunSessions(
    context,
    open,
    noted ? announce(targets, destination) : undefined,
  );
  const options: ReadOptions & { readIn: ReadIn } = {
    ...{ purpose, readIn: sessions.readIn, contractTimes },
    ...(inspect === undefined
      ? {}
      : {
          inspect: async (planned) => {
            // It connects itself.
            await releaseScarce(sessions, planned);
            return inspect(planned);
          },
        }),
  };
  try {
    const { planned, plans, omitted } =
      request.failed === true && destination !== undefined
        ? await planUnfinished(fleet, planOne, destination, options)
        : await planAll(fleet, planOne, options);
    await releaseScarce(sessions, planned);
    return await use({ plan: divideIntoWaves(plans, division), fleet: planned, sessions, omitted });
  } finally {
    await sessions.close();
  }
}

/** Closes the sessions in databases that have room for no other. */
async function releaseScarce(sessions: RunSessions, { databases }: PlannedFleet): Promise<void> {
  for (const { name, room, pooled } of databases)
    if (room <= 1 && !pooled) await sessions.release(name);
}

async function planAll(
  fleet: OpenFleet,
  planOne: Planner,
  options: ReadOptions,
): Promise<UnfinishedPlan> {
  const planned = await planFleet(fleet, planOne, options);
  return { planned, plans: planned.plans, omitted: 0 };
}

function announce(targets: readonly Target[], { direction, command }: Destination): Announcement {
  const servicesIn = (name: string) => [
    ...new Set(targets.flatMap(({ database, service }) => (database === name ? service : []))),
  ];
  return { direction, servicesIn, command };
}

/** The part of a selection that a run with `failed` did not complete. */
export interface Left {
  /** Number of selected targets that are not at the verb's destination, from 0. */
  readonly targets: number;
  /** Number of selected targets. */
  readonly of: number;
  /** The command that brings them there, ready to copy. */
  readonly command: string;
}

/** The part of its selection that a run did not complete; nothing for a run without `failed`. */
export function leftBy(
  { failed }: RolloutRequest,
  { omitted, fleet }: Planned,
  outcomes: readonly Outcome[],
  { command }: Destination,
): { readonly left?: Left } {
  if (failed !== true) return {};
  const open = outcomes.filter((one) => isFailure(one) || one.status === "notExecuted").length;
  return { left: { targets: omitted + open, of: fleet.targets.length, command } };
}

/** The goal that is recorded with a rollout. */
export function goalFor(
  { plan, fleet: { histories } }: Planned,
  { direction, endIn }: Destination,
): Omit<RolloutGoal, "schemas"> {
  const ends = [...histories].flatMap(([service, history]) => {
    const end = endIn(history);
    return end === undefined ? [] : [[service, end] as const];
  });
  const changed = targetsOf(plan).filter(hasWork);
  const databases = databasesOf(changed.map(({ target }) => target));
  return { direction, ends: Object.fromEntries(ends), databases };
}

/**
 * Refuses a migration that the request names if a selected service does not have it.
 *
 * @throws FleetError `usage`
 */
export function refuseUnknownTag(
  tag: string | undefined,
  histories: ReadonlyMap<string, History>,
): void {
  if (tag === undefined) return;
  const tagsOf = ({ migrations }: History) => migrations.map((migration) => migration.tag);
  const without = [...histories].filter(([, history]) => !tagsOf(history).includes(tag));
  if (without.length > 0 && without.length < histories.size) {
    throw new FleetError(
      "usage",
      `${tag} is not a migration of ${without.map(([service]) => service).join(", ")}`,
      { remedy: "Choose the service that has it with --service." },
    );
  }
  throwProblems(
    unknownNames(
      "migration",
      without.length > 0 ? [tag] : [],
      [...histories.values()].flatMap(tagsOf),
    ),
    "the selection contains unknown names",
  );
}
