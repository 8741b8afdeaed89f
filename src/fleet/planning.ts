import type { FleetConfig, Timeouts } from "../config/schema.ts";
import { type Amount, amountOf } from "../core/amount.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import { isFailure, type Outcome } from "../core/outcome.ts";
import { hasWork, isUnknown, type Plan, type TargetPlan, targetsOf } from "../core/plan.ts";
import type { RolloutGoal } from "../core/rollout.ts";
import type { Target } from "../core/target.ts";
import type { History, Planner } from "../plan/build.ts";
import type { Standing } from "../plan/unfinished.ts";
import { type Division, divide } from "../plan/waves.ts";
import type { Script } from "../rollout/run.ts";
import { amountIn, namedTenants } from "../tenants/groups.ts";
import { listedTenants, type Selection, tenantsOf, unknownNames } from "../tenants/targets.ts";
import { type Context, type OpenDatabases, selectTargets, withDatabases } from "./context.ts";
import { type PlannedFleet, planFleet, type ReadIn, readHistories } from "./plan-fleet.ts";
import type { RolloutChoices } from "./roll-out.ts";
import { withTenants } from "./roster.ts";
import { type Announcement, RunSessions } from "./sessions.ts";
import { type Destination, isOut, observing, type Seen, unfinishedOf } from "./unfinished.ts";

/** Which targets to change, and how. What is not given is as the configuration's defaults are, without waves or limits. */
export interface RolloutRequest extends Selection {
  /** Only what earlier rollouts of this verb have left undone. */
  readonly failed?: boolean;
  /** Tenants or groups that go first, separated by commas; or how many tenants. */
  readonly canary?: string;
  /** Tenants per wave as a number or a share; or groups, separated by commas. */
  readonly wave?: string;
  /** Milliseconds between two waves. */
  readonly soakMs?: number;
  /** A shell command that judges each wave. */
  readonly verify?: string;
  /** More failed targets than this end the rollout: a number, or a share of the targets that have something to do. */
  readonly maxFailures?: Amount;
  readonly concurrency?: number;
  readonly timeouts?: Partial<Timeouts>;
}

/** A plan, and what it was made from. */
export interface Planned {
  readonly plan: Plan;
  readonly fleet: PlannedFleet;
  readonly histories: ReadonlyMap<string, History>;
  readonly open: OpenDatabases;
  /** The sessions that have read; they hold the note of what is under way. */
  readonly sessions: RunSessions;
  /** How many selected targets are not where the verb brings them, and not planned because of `failed`. */
  readonly leftOut: number;
  /** How many targets are selected. */
  readonly of: number;
}

/** What a verb plans, and with what. */
export interface Planning {
  readonly request: RolloutRequest;
  readonly planOne: Planner;
  /** True: what is read is made sure to survive a crash of the server, before it is called applied. */
  readonly certain: boolean;
  /** A migration that the request names: every selected service must have it. */
  readonly tag: string | undefined;
  /** Where the verb brings its targets; undefined for verbs that bring them nowhere. */
  readonly course?: Destination;
}

/** Plans for the targets of a request, and gives the plan to `use` while the databases are open. */
export function withPlan<Result>(
  context: Context,
  planning: Planning,
  use: (planned: Planned) => Promise<Result>,
): Promise<Result> {
  return withTenants(context, planning.request, (known) => planKnown(known, planning, use));
}

async function planKnown<Result>(
  context: Context,
  { request, planOne, certain, tag, course }: Planning,
  use: (planned: Planned) => Promise<Result>,
): Promise<Result> {
  const selected = selectTargets(context, request);
  const division = divisionOf(context, selected, request);
  const histories = await readHistories(context, selected);
  refuseUnknownTag(tag, histories);
  const databases = [...new Set(selected.map(({ database }) => database))];
  return withDatabases(context, databases, async (open) => {
    const noted = certain && course !== undefined;
    const sessions = new RunSessions(context, open, noted ? announce(selected, course) : undefined);
    const { within } = sessions;
    const onlyFailed = request.failed === true && course !== undefined;
    const seen = onlyFailed ? observing(planOne, histories) : undefined;
    try {
      const planner = seen?.planOne ?? planOne;
      const fleet = await planFleet(context, selected, histories, open, planner, certain, within);
      const { targets, leftOut } =
        seen === undefined || course === undefined
          ? { targets: fleet.targets, leftOut: 0 }
          : await onlyUnfinished(fleet, seen.standings, histories, course, within);
      for (const { name, room, pooled } of fleet.databases)
        if (room <= 1 && !pooled) await sessions.release(name);
      const plan = divide(targets, division);
      return await use({ plan, fleet, histories, open, sessions, leftOut, of: selected.length });
    } finally {
      await sessions.close();
    }
  });
}

function announce(targets: readonly Target[], { direction, command }: Destination): Announcement {
  const servicesIn = (name: string) => [
    ...new Set(targets.flatMap(({ database, service }) => (database === name ? service : []))),
  ];
  return { direction, servicesIn, command };
}

async function onlyUnfinished(
  fleet: PlannedFleet,
  standings: ReadonlyMap<Target, Standing>,
  histories: ReadonlyMap<string, History>,
  course: Destination,
  within: ReadIn,
): Promise<{ targets: TargetPlan[]; leftOut: number }> {
  const out = fleet.targets.flatMap((plan): Seen[] => {
    const standing = standings.get(plan.target);
    const one = standing && { plan, standing };
    return one !== undefined && isOut(one, histories, course) ? [one] : [];
  });
  const names = fleet.databases.map(({ name }) => name);
  const unfinished = await unfinishedOf(out, names, histories, course, within);
  // What cannot be asked must not count as finished.
  const targets = fleet.targets.filter((plan) => unfinished.has(plan.target) || isUnknown(plan));
  return { targets, leftOut: out.length - targets.length };
}

/** How many targets of a selection are not where a verb was to bring them, at its end. */
export interface Left {
  readonly targets: number;
  readonly of: number;
  /** The command that does what is left. */
  readonly command: string;
}

/** What a run of only some targets has left of its selection; undefined for a run of all. */
export function leftBy(
  { failed }: RolloutRequest,
  { leftOut, of }: Pick<Planned, "leftOut" | "of">,
  outcomes: readonly Outcome[],
  { command }: Destination,
): { readonly left?: Left } {
  if (failed !== true) return {};
  const open = outcomes.filter((one) => isFailure(one) || one.status === "notExecuted").length;
  return { left: { targets: leftOut + open, of, command } };
}

/** What is kept of a request, for later runs and for people. */
export function selectionFor(
  { environment }: Context,
  { services, tenants, databases, failed }: RolloutRequest,
): Readonly<Record<string, unknown>> {
  // Tenants that the environment names are the selection as much as those of the command line.
  const { TENANTS: named = "" } = environment;
  const all = tenants.length > 0 ? tenants : named.split(/[\s,]+/).filter((name) => name !== "");
  return { services, tenants: all, databases, failed };
}

/** What a plan is meant to reach, as it is kept. */
export function goalFor(
  { plan, histories }: Pick<Planned, "plan" | "histories">,
  { direction, endIn }: Pick<Destination, "direction" | "endIn">,
): Omit<RolloutGoal, "schemas"> {
  const ends = [...histories].flatMap(([service, history]) => {
    const end = endIn(history);
    return end === undefined ? [] : [[service, end] as const];
  });
  const busy = targetsOf(plan).filter(hasWork);
  const databases = [...new Set(busy.map(({ target }) => target.database))];
  return { direction, ends: Object.fromEntries(ends), databases };
}

/** How a request's plan is to be run. */
export function choicesOf(
  { config: { fleet } }: Context,
  request: RolloutRequest,
  plan: Plan,
): RolloutChoices {
  const { verify } = request;
  return {
    concurrency: request.concurrency ?? fleet.concurrency,
    maxFailures: failureLimit(request.maxFailures, plan),
    soakMs: request.soakMs ?? 0,
    timeouts: { ...fleet.timeouts, ...request.timeouts },
    ...(verify === undefined ? {} : { verify }),
  };
}

function divisionOf(
  { config: { fleet }, environment }: Context,
  targets: readonly Target[],
  { canary, wave }: RolloutRequest,
): Division {
  // A canary of the configuration may be none of this run's tenants: then the run has no canary.
  const configured = listedTenants(fleet).map(({ id }) => id);
  const tenants = [...new Set([...configured, ...tenantsOf(fleet, environment.TENANTS)])];
  const selected = new Set(targets.flatMap(({ tenant }) => tenant ?? []));
  return {
    ...(canary === undefined ? {} : { canary: canaryOf(fleet, tenants, canary, selected.size) }),
    ...(wave === undefined ? {} : waveOf(fleet, tenants, wave)),
  };
}

function canaryOf(
  fleet: FleetConfig,
  tenants: readonly string[],
  text: string,
  selected: number,
): NonNullable<Division["canary"]> {
  const amount = amountIn(fleet, tenants, text, "--canary");
  if (amount !== undefined) return { count: Math.max(1, amountOf(amount, selected)) };
  const named = namedTenants(fleet, tenants, text, "--canary");
  return { tenants: new Set(named.flatMap((one) => [...one.tenants])) };
}

function waveOf(
  fleet: FleetConfig,
  tenants: readonly string[],
  text: string,
): Pick<Division, "size" | "groups"> {
  const size = amountIn(fleet, tenants, text, "--wave");
  return size === undefined ? { groups: namedTenants(fleet, tenants, text, "--wave") } : { size };
}

function failureLimit(limit: Amount | undefined, plan: Plan): number {
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  return amountOf(limit, targetsOf(plan).filter(hasWork).length);
}

/**
 * Refuses a migration that a request names and some selected service does not have.
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
      `${tag} is no migration of ${without.map(([service]) => service).join(", ")}`,
      { remedy: "Choose the service that has it with --service." },
    );
  }
  throwProblems(
    unknownNames(
      "migration",
      without.length > 0 ? [tag] : [],
      [...histories.values()].flatMap(tagsOf),
    ),
    "the selection names what does not exist",
  );
}

/** The refusal of a statement that a pooler would not let through. */
export function poolerError(database: string, { migration }: Script, line: number): FleetError {
  return new FleetError(
    "config",
    `a statement that cannot run in a transaction cannot run through a connection pooler, as database "${database}" has`,
    {
      where: `${migration.file}:${line}`,
      remedy: `Set databases.${database}.directUrl to a URL of the PostgreSQL server itself. Nothing was applied.`,
    },
  );
}
