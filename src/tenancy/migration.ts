import { FleetError } from "../core/errors.ts";
import { failureText } from "../core/failure-text.ts";
import { isFailure } from "../core/outcome.ts";
import type { Target } from "../core/target.ts";
import { contractsOfOthers } from "../fleet/contract-facts.ts";
import { type OpenFleet, readHistories } from "../fleet/open-fleet.ts";
import { planFleet, refuseUnusable } from "../fleet/plan-fleet.ts";
import { refusePooled } from "../fleet/pooler.ts";
import { rollOut } from "../fleet/roll-out.ts";
import { choicesOf } from "../fleet/rollout-request.ts";
import { createExtensions, readScripts } from "../fleet/scripts.ts";
import { heldContracts, withoutHeld } from "../plan/contracts.ts";
import type { History } from "../plan/history.ts";
import { planTarget } from "../plan/migrate.ts";
import type { Planner } from "../plan/targets.ts";
import { divideIntoWaves } from "../plan/waves.ts";
import { flushLog } from "../postgres/flush.ts";
import type { Session } from "../postgres/session.ts";
import { applyBaseline, dropScratch, makeBaseline, needsBaseline } from "../proof/baseline.ts";
import { asListed } from "../tenants/records.ts";
import { rosterOf } from "../tenants/roster.ts";
import { registeredTargets, registeredTenant } from "./onboarding.ts";
import { forEachTarget } from "./targets.ts";
import type { LockedTenant } from "./tenant-lock.ts";

/**
 * Migrates every service of a tenant to head: new targets from the baseline of the service if it has one, other targets
 * like `migrate`.
 *
 * @param fresh the new targets, as returned by `createSchemas`
 * @returns true if a service with a long history has no baseline yet
 * @throws FleetError `onboarding` with all failures
 */
export async function migrateTenant(
  locked: LockedTenant,
  fresh: ReadonlySet<Target> = new Set(),
): Promise<boolean> {
  const targets = await registeredTargets(locked);
  const histories = await readHistories(locked.context, targets);
  const { made, missing } = await fromBaselines(locked, [...fresh], histories);
  const rest = targets.filter((target) => !made.has(target));
  if (rest.length > 0) {
    const { context, open } = locked;
    const roster = rosterOf([asListed(await registeredTenant(locked))]);
    await migrateTargets({ context, open, roster, targets: rest, histories }, locked.id);
  }
  return missing;
}

async function migrateTargets(opened: OpenFleet, tenant: string): Promise<void> {
  const { context } = opened;
  const { allowOutOfOrder } = context.config.fleet;
  const planOne: Planner = (target, history, state, facts) =>
    planTarget(target, history, state, { allowOutOfOrder, facts });
  const fleet = await planFleet(opened, planOne, { purpose: "change" });
  refuseUnusable(fleet);
  const plan = divideIntoWaves(fleet.plans, {});
  const scripts = await readScripts(fleet, plan);
  refusePooled(plan, fleet.databases, scripts.scriptOf);
  await createExtensions(fleet, plan, scripts);
  const { outcomes } = await rollOut(
    {
      ...{ verb: "tenants add", selection: { tenants: [tenant] }, recorded: false },
      ...{ fleet, plan, planOne, scriptOf: scripts.scriptOf },
    },
    choicesOf(context, {}, plan),
    () => undefined,
  );
  const problems = outcomes.filter(isFailure).map(({ target, failure }) => {
    const text = failure === undefined ? "not migrated" : failureText(failure);
    return new FleetError("onboarding", `${target.service}/${target.tenant}: ${text}`);
  });
  const done = outcomes.every(({ status }) => status === "succeeded" || status === "skipped");
  if (done) return;
  const [first] = problems;
  throw new FleetError("onboarding", first?.message ?? "the migrations were interrupted", {
    ...(problems.length > 1 ? { problems } : {}),
  });
}

interface FromBaselines {
  /** The targets that are now at head. */
  readonly made: ReadonlySet<Target>;
  /** True when a baseline is missing. */
  readonly missing: boolean;
}

/** Creates new targets from the usable baselines of their services. */
async function fromBaselines(
  locked: LockedTenant,
  fresh: readonly Target[],
  histories: ReadonlyMap<string, History>,
): Promise<FromBaselines> {
  const { readBaseline } = await import("../control/baselines.ts");
  const made = new Set<Target>();
  const unflushed = new Set<Session>();
  let missing = false;
  await forEachTarget(locked, fresh, async (session, target) => {
    const history = histories.get(target.service);
    if (history === undefined || !needsBaseline(history)) return;
    const own = await historyOfNew(locked, session, target.service, history);
    const baseline = await readBaseline(session, target.service, digestOfAll(own));
    missing ||= baseline === undefined;
    if (baseline === undefined || "refused" in baseline) return;
    await applyBaseline(locked.context, session, target, baseline);
    unflushed.add(session);
    made.add(target);
  });
  for (const session of unflushed) await flushLog(session);
  return { made, missing };
}

/** The history that a new tenant gets: without the contracts that are still held back for all others. */
async function historyOfNew(
  { context }: LockedTenant,
  session: Session,
  service: string,
  history: History,
): Promise<History> {
  if (history.contracts.length === 0) return history;
  const inPlace = await contractsOfOthers(context, session, service, history);
  const held = heldContracts(history, { kind: "noSchema" }, new Map(), "hold", { inPlace });
  return withoutHeld(history, held);
}

function digestOfAll({ digests }: History): string {
  return digests.at(-1) ?? "";
}

/**
 * Creates the missing baselines of services with a long history, for the next tenant.
 *
 * @returns the reasons why services cannot have a baseline, by service
 */
export async function prepareBaselines(locked: LockedTenant): Promise<ReadonlyMap<string, string>> {
  const { saveBaseline, readBaseline } = await import("../control/baselines.ts");
  const { lockBaselines } = await import("../control/registry.ts");
  const targets = await registeredTargets(locked);
  const histories = await readHistories(locked.context, targets);
  const refusals = new Map<string, string>();
  await forEachTarget(locked, targets, async (session, { database, service }) => {
    const history = histories.get(service);
    if (history === undefined || !needsBaseline(history)) return;
    const own = await historyOfNew(locked, session, service, history);
    const key = digestOfAll(own);
    if ((await readBaseline(session, service, key)) !== undefined) return;
    // Another command is creating it.
    if (!(await lockBaselines(locked.registry, database))) return;
    await dropScratch(session);
    const made = await makeBaseline(locked.context, session, { database, service }, own);
    await saveBaseline(session, service, key, made);
    if ("refused" in made) refusals.set(service, made.refused);
  });
  return refusals;
}
