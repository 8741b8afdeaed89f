import type { FleetConfig, Timeouts } from "../config/schema.ts";
import { type Course, readFailed } from "../control/rollouts.ts";
import { type Amount, amountOf } from "../core/amount.ts";
import { FleetError, throwProblems } from "../core/errors.ts";
import { hasWork, type Plan, targetsOf } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import type { History, Planner } from "../plan/build.ts";
import { type Division, divide } from "../plan/waves.ts";
import type { Script } from "../rollout/run.ts";
import { amountIn, namedTenants } from "../tenants/groups.ts";
import { listedTenants, type Selection, tenantsOf, unknownNames } from "../tenants/targets.ts";
import { type Context, type OpenDatabases, selectTargets, withDatabases } from "./context.ts";
import { type PlannedFleet, planFleet, readHistories, withDatabase } from "./plan-fleet.ts";
import type { RolloutChoices } from "./roll-out.ts";
import { withTenants } from "./tenant-sources.ts";

/** Which targets to change, and how. What is not given is as the configuration's defaults are, without waves or limits. */
export interface RolloutRequest extends Selection {
  /** Only targets that failed the last time they were tried. */
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
}

/** What a verb plans, and with what. */
export interface Planning {
  readonly request: RolloutRequest;
  readonly planOne: Planner;
  /** True: what is read is made sure to survive a crash of the server, before it is called applied. */
  readonly certain: boolean;
  /** A migration that the request names: every selected service must have it. */
  readonly tag: string | undefined;
  /** What `failed` of the request looks for; undefined for verbs that have no such thing. */
  readonly course?: Course;
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
    const onlyFailed = request.failed === true && course !== undefined;
    const targets = onlyFailed ? await failedOf(context, selected, open, course) : selected;
    const fleet = await planFleet(context, targets, histories, open, planOne, certain);
    return use({ plan: divide(fleet.targets, division), fleet, histories, open });
  });
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

async function failedOf(
  context: Context,
  targets: readonly Target[],
  open: OpenDatabases,
  course: Course,
): Promise<Target[]> {
  const names = [...new Set(targets.map(({ database }) => database))];
  const failed = await Promise.all(
    names.map(async (name) =>
      (
        await withDatabase(context, open.addressOf(name), (session) =>
          readFailed(session, name, course),
        )
      ).map(({ service, schema }) => JSON.stringify([name, service, schema])),
    ),
  );
  const keys = new Set(failed.flat());
  return targets.filter(({ database, service, schema }) =>
    keys.has(JSON.stringify([database, service, schema])),
  );
}

/** The refusal of a statement that a pooler would not let through. */
export function needsDirectUrl(database: string, { migration }: Script, line: number): FleetError {
  return new FleetError(
    "config",
    `a statement that cannot run in a transaction cannot run through a connection pooler, as database "${database}" has`,
    {
      where: `${migration.file}:${line}`,
      remedy: `Set databases.${database}.directUrl to a URL of the PostgreSQL server itself. Nothing was applied.`,
    },
  );
}
