import { FleetError } from "../core/errors.ts";
import type { Observer } from "../core/events.ts";
import type { Plan } from "../core/plan.ts";
import type { Planner } from "../plan/build.ts";
import { type DowngradeGoal, planDowngrade } from "../plan/downgrade.ts";
import type { Context } from "./context.ts";
import {
  choicesOf,
  needsDirectUrl,
  type Planned,
  type RolloutRequest,
  withPlan,
} from "./planning.ts";
import { type Prepared, type RolledOut, refusePooled, rollOut } from "./roll-out.ts";
import { readDownScripts } from "./scripts.ts";

/** What to take back, and how. */
export interface DowngradeRequest extends RolloutRequest {
  readonly goal: DowngradeGoal;
  /** Consent to downs that cannot bring everything back. */
  readonly allowDataLoss?: boolean;
}

/**
 * Takes migrations back on the selected targets, the newest one first: each with its ledger entry, in the same
 * transaction.
 *
 * @param observe sees every event of the rollout
 * @throws FleetError before anything is changed: as `migrate` does, and `down` for migrations without a way back
 */
export async function downgrade(
  context: Context,
  request: DowngradeRequest,
  observe: Observer,
): Promise<RolledOut> {
  return withBack(context, request, true, async ({ plan, fleet, histories, open }, scriptOf) => {
    const { services, tenants, databases, failed, goal } = request;
    const prepared: Prepared = {
      verb: "downgrade",
      selection: { services, tenants, databases, goal, failed },
      plan,
      planOne: plannerFor(request),
      histories,
      databases: fleet.databases,
      scriptOf,
    };
    const choices = choicesOf(context, request, plan);
    return { plan, ...(await rollOut(context, prepared, open, choices, observe)) };
  });
}

/** Says what `downgrade` would do. Changes nothing. */
export function planBack(context: Context, request: DowngradeRequest): Promise<Plan> {
  return withBack(context, request, false, async ({ plan }) => plan);
}

async function withBack<Result>(
  context: Context,
  request: DowngradeRequest,
  certain: boolean,
  use: (planned: Planned, scriptOf: Prepared["scriptOf"]) => Promise<Result>,
): Promise<Result> {
  refuseAllServices(context, request);
  return withPlan(
    context,
    request,
    plannerFor(request),
    certain,
    tagOf(request),
    async (planned) => {
      const { plan, histories, fleet } = planned;
      const consent = request.allowDataLoss === true;
      const scriptOf = await readDownScripts(context, plan, histories, consent);
      refusePooled(plan, fleet.databases, scriptOf, needsDirectUrl);
      return use(planned, scriptOf);
    },
  );
}

/** The migration that a request names, if any. */
export function tagOf({ goal }: DowngradeRequest): string | undefined {
  return "tag" in goal ? goal.tag : undefined;
}

/** How `downgrade` plans a target. */
export function plannerFor({ goal }: DowngradeRequest): Planner {
  return (target, history, state) => planDowngrade(target, history, state, goal);
}

/**
 * "One back" means nothing over several histories: whoever goes back says where.
 *
 * @throws FleetError `usage`
 */
export function refuseAllServices({ config }: Context, { services = [] }: DowngradeRequest): void {
  const all = Object.keys(config.fleet.services);
  if (services.length > 0 || all.length < 2) return;
  throw new FleetError("usage", "downgrade needs to know the service", {
    remedy: `Choose with --service: ${all.join(", ")}. Nothing was changed.`,
  });
}
