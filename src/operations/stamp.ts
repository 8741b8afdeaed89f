import { FleetError } from "../core/errors.ts";
import type { Observer } from "../core/events.ts";
import { type Plan, targetsOf } from "../core/plan.ts";
import {
  type Context,
  type OpenDatabases,
  selectTargets,
  withDatabases,
} from "../fleet/context.ts";
import { type DrizzleSource, type Importing, importPlanner } from "../fleet/import-drizzle.ts";
import {
  type PlannedFleet,
  planFleet,
  type ReadIn,
  readDatabase,
  readHistories,
} from "../fleet/plan-fleet.ts";
import { refuseUnknownTag } from "../fleet/planning.ts";
import { type RolledOut, rollOut } from "../fleet/roll-out.ts";
import { withTenants } from "../fleet/roster.ts";
import type { History, Planner } from "../plan/build.ts";
import { planTargetStamp, type StampGoal } from "../plan/stamp.ts";
import { divide } from "../plan/waves.ts";
import type { Script } from "../rollout/run.ts";
import { grantMissing } from "../tenancy/application-access.ts";
import type { Selection } from "../tenants/targets.ts";

/** What to record, and where. */
export interface StampRequest extends Selection {
  /** What the ledgers are to say; or what another migrator recorded, such as drizzle-orm's own. */
  readonly goal: StampGoal | { readonly drizzle: DrizzleSource };
}

interface Planned {
  readonly plan: Plan;
  readonly planOne: Planner;
  readonly fleet: PlannedFleet;
  readonly histories: ReadonlyMap<string, History>;
  readonly open: OpenDatabases;
}

/**
 * Records migrations as applied on the selected targets, and runs none of them: afterwards each ledger says exactly
 * what the request wants. Whether it is true, nobody looks.
 *
 * @param confirm sees the plan when it has something to do, and says whether to go on
 * @returns no outcomes when that was denied
 * @throws FleetError before anything is changed: as `migrate` does
 */
export function stamp(
  context: Context,
  request: StampRequest,
  confirm: (plan: Plan) => Promise<boolean>,
  observe: Observer,
): Promise<RolledOut> {
  return withStamp(context, request, true, async ({ plan, planOne, fleet, histories, open }) => {
    const busy = targetsOf(plan).some(({ steps }) => steps.length > 0);
    if (busy && !(await confirm(plan))) return { plan, outcomes: [] };
    const prepared = {
      verb: "stamp",
      selection: { ...request },
      plan,
      planOne,
      histories,
      databases: fleet.databases,
      scriptOf: (service: string, tag: string) => scriptOf(context, histories, service, tag),
    };
    const { concurrency, timeouts } = context.config.fleet;
    const choices = { concurrency, timeouts, soakMs: 0, maxFailures: Number.POSITIVE_INFINITY };
    const result = await rollOut(context, prepared, open, choices, observe);
    const within: ReadIn = (name, read) => readDatabase(context, open.addressOf(name), read);
    if (result.stopped === undefined) await grantMissing(context, plan, open, within);
    return { plan, ...result };
  });
}

/** Says what `stamp` would record. Changes nothing. */
export function planStamp(context: Context, request: StampRequest): Promise<Plan> {
  return withStamp(context, request, false, async ({ plan }) => plan);
}

function withStamp<Result>(
  context: Context,
  request: StampRequest,
  certain: boolean,
  use: (planned: Planned) => Promise<Result>,
): Promise<Result> {
  return withTenants(context, request, (known) => stampKnown(known, request, certain, use));
}

async function stampKnown<Result>(
  context: Context,
  request: StampRequest,
  certain: boolean,
  use: (planned: Planned) => Promise<Result>,
): Promise<Result> {
  const { goal } = request;
  refuseAllServices(context, request);
  const targets = selectTargets(context, request);
  const histories = await readHistories(context, targets);
  refuseUnknownTag("tag" in goal ? goal.tag : undefined, histories);
  const names = [...new Set(targets.map(({ database }) => database))];
  return withDatabases(context, names, async (open) => {
    const { planOne, finish } =
      "drizzle" in goal
        ? await importPlanner(context, targets, histories, goal.drizzle, open)
        : stampPlanner(goal);
    const fleet = await planFleet(context, targets, histories, open, planOne, certain);
    const plans = finish(fleet.targets);
    return use({ plan: divide(plans, {}), planOne, fleet, histories, open });
  });
}

function stampPlanner(goal: StampGoal): Importing {
  return {
    planOne: (target, history, state) => planTargetStamp(target, history, state, goal),
    finish: (plans) => plans,
  };
}

/** Nothing is run; what is recorded last stands for the step where one is spoken of. */
function scriptOf(
  { config }: Context,
  histories: ReadonlyMap<string, History>,
  service: string,
  tag: string,
): Script {
  const file = config.fleet.services[service]?.out ?? "";
  const migration = histories.get(service)?.migrations.find((one) => one.tag === tag) ?? {
    service,
    tag,
    file,
    checksum: "",
    text: "",
    downFile: "",
  };
  return { migration, statements: [], sharedSchemas: [] };
}

/** One tag means nothing over several histories, though services may happen to share it. */
function refuseAllServices({ config }: Context, { goal, services }: StampRequest): void {
  const all = Object.keys(config.fleet.services);
  if (!("tag" in goal) || services.length > 0 || all.length < 2) return;
  throw new FleetError("usage", `stamp ${goal.tag} needs to know the service`, {
    remedy: `Choose with --service: ${all.join(", ")}. Nothing was changed.`,
  });
}
