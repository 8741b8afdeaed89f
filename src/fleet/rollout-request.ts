import type { FleetConfig, Timeouts } from "../config/schema.ts";
import { type Amount, amountOf } from "../core/amount.ts";
import { hasWork, type Plan, targetsOf } from "../core/plan.ts";
import type { Division } from "../plan/waves.ts";
import { amountIn, namedTenants } from "../tenants/groups.ts";
import { namedIn, type Roster } from "../tenants/roster.ts";
import type { Selection } from "../tenants/targets.ts";
import type { Context } from "./context.ts";
import type { SelectedFleet } from "./open-fleet.ts";
import type { RolloutChoices } from "./roll-out.ts";

/** Which targets to change, and how. Defaults: the configuration's values, one wave, no limit of failures. */
export interface RolloutRequest extends Selection {
  /** Only the targets that earlier rollouts of this verb left unfinished. */
  readonly failed?: boolean;
  /** The first wave: tenants or groups separated by commas, or a number of tenants. */
  readonly canary?: string;
  /** The later waves: a number or share of tenants each, or one wave per group, separated by commas. */
  readonly wave?: string;
  /** Pause between two waves, in milliseconds, from 0. */
  readonly soakMs?: number;
  /** A shell command that checks the fleet after each wave; exit code 0 continues the rollout. */
  readonly verify?: string;
  /** How many targets may fail before the rollout stops: a number, or a share of the targets with work. */
  readonly maxFailures?: Amount;
  /** Number of targets to change at the same time in each database, from 1. */
  readonly concurrency?: number;
  /** Timeouts of statements and locks, in milliseconds, from 0. */
  readonly timeouts?: Partial<Timeouts>;
}

/** The options for running a request's plan. */
export function choicesOf(
  { config: { fleet } }: Context,
  request: Omit<RolloutRequest, keyof Selection>,
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

function failureLimit(limit: Amount | undefined, plan: Plan): number {
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  return amountOf(limit, targetsOf(plan).filter(hasWork).length);
}

/** The part of a request that is recorded, for later runs and for `rollouts`. */
export function selectionFor(
  { environment }: Context,
  { services, tenants, databases, failed }: RolloutRequest,
): Readonly<Record<string, unknown>> {
  // Tenants that TENANTS names are selected in the same way as those on the command line.
  const all = tenants.length > 0 ? tenants : namedIn(environment.TENANTS);
  return { services, tenants: all, databases, failed };
}

/**
 * How a request divides its targets into waves.
 *
 * @throws FleetError `usage` for a name that is neither a tenant nor a group
 */
export function divisionOf(
  { context, roster, targets }: SelectedFleet,
  { canary, wave }: RolloutRequest,
): Division {
  const { fleet } = context.config;
  const selected = new Set(targets.flatMap(({ tenant }) => tenant ?? []));
  return {
    ...(canary === undefined ? {} : { canary: canaryOf(fleet, roster, canary, selected.size) }),
    ...(wave === undefined ? {} : waveOf(fleet, roster, wave)),
  };
}

/** A tenant of the canary does not have to be selected. If none of them is, the run has no canary. */
function canaryOf(
  fleet: FleetConfig,
  roster: Roster,
  text: string,
  selected: number,
): NonNullable<Division["canary"]> {
  const amount = amountIn(fleet, roster, text, "--canary");
  if (amount !== undefined) return { count: Math.max(1, amountOf(amount, selected)) };
  const named = namedTenants(fleet, roster, text, "--canary");
  return { tenants: new Set(named.flatMap((one) => [...one.tenants])) };
}

function waveOf(
  fleet: FleetConfig,
  roster: Roster,
  text: string,
): Pick<Division, "size" | "groups"> {
  const size = amountIn(fleet, roster, text, "--wave");
  return size === undefined ? { groups: namedTenants(fleet, roster, text, "--wave") } : { size };
}
