import { FleetError } from "../core/errors.ts";
import type { Observer } from "../core/events.ts";
import { type Plan, targetsOf } from "../core/plan.ts";
import type { Context } from "../fleet/context.ts";
import { type DrizzleSource, type Importing, importPlanner } from "../fleet/import-drizzle.ts";
import { withOpen, withSelected } from "../fleet/open-fleet.ts";
import { type PlannedFleet, planFleet, type ReadOptions, readerOf } from "../fleet/plan-fleet.ts";
import { refuseUnknownTag } from "../fleet/planning.ts";
import { type RolledOut, rollOut } from "../fleet/roll-out.ts";
import { choicesOf } from "../fleet/rollout-request.ts";
import { planTargetStamp, type StampGoal } from "../plan/stamp.ts";
import type { Planner } from "../plan/targets.ts";
import { divideIntoWaves } from "../plan/waves.ts";
import type { MigrationScript } from "../rollout/step-run.ts";
import { grantMissing } from "../tenancy/application-access.ts";
import type { Selection } from "../tenants/targets.ts";

/** What to record, and where. */
export interface StampRequest extends Selection {
  /** What the ledgers must contain afterwards; or where another migrator, such as drizzle-orm's, recorded it. */
  readonly goal: StampGoal | { readonly drizzle: DrizzleSource };
}

interface PlannedStamp {
  readonly plan: Plan;
  readonly planOne: Planner;
  readonly fleet: PlannedFleet;
}

/**
 * Records migrations as applied on the selected targets without running them: afterwards each ledger contains exactly
 * what the request asks for. It does not check that the schemas match.
 *
 * @param confirm receives the plan if there is something to do, and returns whether to continue
 * @returns one outcome per target; none if `confirm` returned false
 * @throws FleetError before anything is changed: as `migrate` does
 * @example
 * const request = { services: ["auth"], tenants: ["acme"], databases: [], goal: { head: true } } as const;
 * await stamp(context, request, async () => true, observe);
 */
export function stamp(
  context: Context,
  request: StampRequest,
  confirm: (plan: Plan) => Promise<boolean>,
  observe: Observer,
): Promise<RolledOut> {
  return withStamp(context, request, "change", async ({ plan, planOne, fleet }) => {
    const hasSteps = targetsOf(plan).some(({ steps }) => steps.length > 0);
    if (hasSteps && !(await confirm(plan))) return { plan, outcomes: [] };
    const result = await rollOut(
      {
        ...{ verb: "stamp", selection: { ...request }, fleet, plan, planOne },
        scriptOf: (service, tag) => scriptOf(fleet, service, tag),
      },
      choicesOf(context, {}, plan),
      observe,
    );
    if (result.stopped === undefined) await grantMissing(fleet, plan, readerOf(fleet));
    return { plan, ...result };
  });
}

/**
 * Plans what `stamp` would record. Changes nothing.
 *
 * @throws FleetError as `stamp` does
 */
export function planStamp(context: Context, request: StampRequest): Promise<Plan> {
  return withStamp(context, request, "look", async ({ plan }) => plan);
}

async function withStamp<Result>(
  context: Context,
  request: StampRequest,
  purpose: ReadOptions["purpose"],
  use: (planned: PlannedStamp) => Promise<Result>,
): Promise<Result> {
  const { goal } = request;
  refuseAllServices(context, request);
  return withSelected(context, request, (selected) => {
    refuseUnknownTag("tag" in goal ? goal.tag : undefined, selected.histories);
    return withOpen(selected, async (open) => {
      const { planOne, finish } =
        "drizzle" in goal ? await importPlanner(open, goal.drizzle) : stampPlanner(goal);
      const fleet = await planFleet(open, planOne, { purpose });
      return use({ plan: divideIntoWaves(finish(fleet.plans), {}), planOne, fleet });
    });
  });
}

function stampPlanner(goal: StampGoal): Importing {
  return {
    planOne: (target, history, state) => planTargetStamp(target, history, state, goal),
    finish: (plans) => plans,
  };
}

/** No migration is run: a message that names a migration names the last one that is recorded. */
function scriptOf(
  { context: { config }, histories }: PlannedFleet,
  service: string,
  tag: string,
): MigrationScript {
  const file = config.fleet.services[service]?.out ?? "";
  const migration = histories.get(service)?.migrations.find((one) => one.tag === tag) ?? {
    ...{ service, tag, file, checksum: "", text: "", downFile: "" },
  };
  return { migration, statements: [], sharedSchemas: [] };
}

/** One tag is ambiguous if there are several histories, even if they all contain it. */
function refuseAllServices({ config }: Context, { goal, services }: StampRequest): void {
  const all = Object.keys(config.fleet.services);
  if (!("tag" in goal) || services.length > 0 || all.length < 2) return;
  throw new FleetError("usage", `stamp ${goal.tag} requires a service`, {
    remedy: `Nothing was changed. Choose one with --service: ${all.join(", ")}`,
  });
}
