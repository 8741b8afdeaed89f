import type { Observer } from "../core/events.ts";
import type { Plan } from "../core/plan.ts";
import type { PreflightReport, RehearsalRequest } from "../core/preflight.ts";
import { commandText } from "../fleet/command.ts";
import type { Context } from "../fleet/context.ts";
import { withoutForbidden } from "../fleet/forbidden.ts";
import { type Offline, writeOffline } from "../fleet/offline.ts";
import type { PlannedFleet } from "../fleet/plan-fleet.ts";
import {
  goalFor,
  type Left,
  leftBy,
  type Planned,
  type Planning,
  withPlan,
} from "../fleet/planning.ts";
import { refusePooled } from "../fleet/pooler.ts";
import { type RolledOut, rollOut } from "../fleet/roll-out.ts";
import { choicesOf, type RolloutRequest, selectionFor } from "../fleet/rollout-request.ts";
import { createExtensions, readScripts, type Scripts } from "../fleet/scripts.ts";
import type { Destination } from "../fleet/unfinished.ts";
import type { ContractRule } from "../plan/contracts.ts";
import { planTarget } from "../plan/migrate.ts";
import type { Planner } from "../plan/targets.ts";
import type { Decision, FailingPolicy } from "../preflight/before-rollout.ts";
import { grantMissing } from "../tenancy/application-access.ts";

/** What to migrate, and how. */
export interface MigrateRequest extends RolloutRequest {
  /** The last migration to apply; default: head. Every selected service must have it. */
  readonly to?: string;
  /** Also apply contracts: those that are ripe, or all. By default they are held back. */
  readonly contract?: Exclude<ContractRule, "hold">;
  /** Apply migrations that come before applied ones; default: as configured. */
  readonly allowOutOfOrder?: boolean;
  /**
   * Compare the targets with what their ledgers say, as `drift` does: a target that has drifted fails, also if it is at head.
   */
  readonly requireNoDrift?: boolean;
  /** Check all targets first, as `preflight` does; default: do not. */
  readonly preflight?: PreflightChoice;
}

/** How `migrate` checks its targets first. */
export interface PreflightChoice extends RehearsalRequest {
  /** What to do with targets that would fail. */
  readonly failing: FailingPolicy;
}

export interface MigrateResult extends RolledOut {
  /** The command that completes the remaining targets, ready to copy. */
  readonly again: string;
  /** After a run with `failed`: the selected targets that have still not reached their destination. */
  readonly left?: Left;
  /** With `preflight`: what it found. If it stopped the rollout, no outcome is recorded. */
  readonly preflight?: PreflightReport;
}

/**
 * Applies the pending migrations of the selected targets.
 *
 * @param observe receives every event of the rollout
 * @returns one outcome per target; the failure of a target is never thrown
 * @throws FleetError before anything is applied: `usage` for an invalid request; `tenant` for a named tenant that is not
 *   active; `config` for settings, roles or privileges; `journal` for damaged files of a migrations folder; `syntax` or
 *   `isolation` for SQL that is refused; `busy` if a run in the opposite direction is under way; `unreachable` or
 *   `config` if no database can be used
 * @example
 * const result = await migrate(context, { services: [], tenants: ["acme"], databases: [] }, observe);
 */
export function migrate(
  context: Context,
  request: MigrateRequest,
  observe: Observer,
): Promise<MigrateResult> {
  const destination = destinationOf(context, request);
  const planning = planningOf(context, request, "change");
  return withPlan(context, planning, async (planned) => {
    const { fleet, sessions } = planned;
    const scripts = await readScripts(fleet, planned.plan);
    const possible = withoutForbidden(planned.plan, fleet.databases, scripts.scriptOf);
    refusePooled(possible, fleet.databases, scripts.scriptOf);
    const checkedPlan = { ...planned, plan: possible };
    const decision = await checkFirst(context, request, checkedPlan, scripts, observe);
    const { report } = decision;
    const checked = report === undefined ? {} : { preflight: report };
    if (decision.kind === "stop")
      return { ...decision.result, plan: possible, ...checked, again: destination.command };
    const { plan } = decision;
    await createExtensions(fleet, plan, scripts);
    const result = await rollOut(
      {
        ...{ verb: "migrate", fleet, sessions, plan, planOne: planning.planOne },
        scriptOf: scripts.scriptOf,
        selection: recordedSelection(context, request),
        goal: goalFor(planned, destination),
      },
      choicesOf(context, request, plan),
      observe,
    );
    if (result.stopped === undefined) await grantMissing(fleet, plan, sessions.readIn);
    const isRecorded = result.unkept.length === 0;
    const again = isRecorded ? commandOf(context, request, ["--failed"]) : destination.command;
    return {
      plan,
      ...result,
      again,
      ...checked,
      ...leftBy(request, planned, result.outcomes, destination),
    };
  });
}

/** Checks the targets, if the request asks for it. It is loaded only then, with the parser. */
async function checkFirst(
  context: Context,
  request: MigrateRequest,
  { plan, fleet }: Planned,
  { scriptOf }: Scripts,
  observe: Observer,
): Promise<Decision | { readonly kind: "go"; readonly plan: Plan; readonly report: undefined }> {
  const { preflight } = request;
  if (preflight === undefined) return { kind: "go", plan, report: undefined };
  const { decide } = await import("../preflight/before-rollout.ts");
  const { concurrency, timeouts } = choicesOf(context, request, plan);
  return decide(fleet, plan, scriptOf, { ...preflight, concurrency, timeouts }, observe);
}

/**
 * Plans what `migrate` would do. Changes nothing.
 *
 * @throws FleetError as `migrate` does
 */
export function planMigration(context: Context, request: MigrateRequest): Promise<Plan> {
  return withPlan(context, planningOf(context, request, "look"), async ({ plan, fleet }) => {
    const { scriptOf } = await readScripts(fleet, plan);
    refusePooled(plan, fleet.databases, scriptOf);
    return plan;
  });
}

/**
 * Writes what `migrate` would send to the databases, as a script for psql. Changes nothing.
 *
 * @throws FleetError as `migrate` does, and for targets that have a problem
 */
export function scriptMigration(
  context: Context,
  request: MigrateRequest,
  offline: Offline,
): Promise<void> {
  const { planOne, tag } = planningOf(context, request, "look");
  return writeOffline(context, request, { name: "migrate", planOne, tag, readScripts }, offline);
}

function planningOf(
  context: Context,
  request: MigrateRequest,
  purpose: Planning["purpose"],
): Planning {
  const { to, allowOutOfOrder = context.config.fleet.allowOutOfOrder } = request;
  const contract: ContractRule = request.contract ?? "hold";
  const rules = { allowOutOfOrder, contract, ...(to === undefined ? {} : { to }) };
  const planOne: Planner = (target, history, state, facts) =>
    planTarget(target, history, state, { ...rules, facts });
  return {
    ...{ request, planOne, purpose, tag: to, destination: destinationOf(context, request) },
    // A migrate that applies no contract needs no times: it leaves out all of them.
    contractTimes: purpose === "look" || contract === "ripe",
    ...(request.requireNoDrift === true ? { inspect: (fleet) => findDrift(fleet, request) } : {}),
  };
}

/** Loads the comparison only when it is needed: it is a large part of the program. */
async function findDrift(fleet: PlannedFleet, request: MigrateRequest) {
  const { driftProblems } = await import("../drift/problems.ts");
  return driftProblems(fleet, request);
}

function destinationOf(context: Context, request: MigrateRequest): Destination {
  return {
    direction: "up",
    endIn: ({ migrations }) => request.to ?? migrations.at(-1)?.tag,
    endAsked: ({ to }) => (typeof to === "string" ? to : undefined),
    isSame: ({ to, contract }) =>
      (to ?? undefined) === request.to && (contract ?? undefined) === request.contract,
    command: commandOf(context, request, []),
  };
}

/** What is recorded of a request, for `--failed`. */
function recordedSelection(context: Context, request: MigrateRequest) {
  const { to, contract } = request;
  return { ...selectionFor(context, request), to, contract };
}

/** The command that makes the same request. */
function commandOf(context: Context, request: MigrateRequest, more: readonly string[]): string {
  const to = request.to === undefined ? [] : ["--to", request.to];
  const order = request.allowOutOfOrder === true ? ["--allow-out-of-order"] : [];
  const contract =
    request.contract === undefined
      ? []
      : [request.contract === "all" ? "--contract-all" : "--contract"];
  const drift = request.requireNoDrift === true ? ["--require-no-drift"] : [];
  const { failing } = request.preflight ?? {};
  const check = failing === undefined ? [] : ["--preflight", "--failing", failing];
  return commandText(
    context,
    ["migrate", ...to, ...contract, ...order, ...drift, ...check, ...more],
    request,
  );
}
