import { FleetError } from "../core/errors.ts";
import { isFailure } from "../core/outcome.ts";
import type { Target } from "../core/target.ts";
import { planFleet, readHistories, refuseUnusable } from "../fleet/plan-fleet.ts";
import { poolerError } from "../fleet/planning.ts";
import { type PreparedRollout, refusePooled, rollOut } from "../fleet/roll-out.ts";
import { asListed, listing } from "../fleet/roster.ts";
import { createExtensions, readScripts } from "../fleet/scripts.ts";
import { plannerFor } from "../operations/migrate.ts";
import type { History } from "../plan/build.ts";
import { divide } from "../plan/waves.ts";
import { flushLog } from "../postgres/flush.ts";
import type { Session } from "../postgres/session.ts";
import { applyBaseline, deservesBaseline, dropScratch, makeBaseline } from "../proof/baseline.ts";
import { failureText } from "../report/errors.ts";
import { registeredTargets, registeredTenant } from "./onboarding.ts";
import { forEachTarget, type LockedTenant } from "./tenant-lock.ts";

/**
 * Brings every service of the tenant to head: by the service's baseline where there is one and the target is fresh, and
 * for the rest as `migrate` does.
 *
 * @param fresh the targets that a baseline may be used for, as `createSchemas` gives them; for no other one is it asked
 * @returns true when some service has a long history and no baseline yet
 * @throws FleetError `onboarding` with every failure
 */
export async function migrateTenant(
  hold: LockedTenant,
  fresh: ReadonlySet<Target> = new Set(),
): Promise<boolean> {
  const targets = await registeredTargets(hold);
  const histories = await readHistories(hold.context, targets);
  const { made, missing } = await fromBaselines(hold, [...fresh], histories);
  const rest = targets.filter((target) => !made.has(target));
  if (rest.length > 0) await migrateTargets(hold, rest, histories);
  return missing;
}

async function migrateTargets(
  hold: LockedTenant,
  targets: readonly Target[],
  histories: ReadonlyMap<string, History>,
): Promise<void> {
  const { id, open } = hold;
  const known = listing(hold.context, [asListed(await registeredTenant(hold))]);
  const context = { ...known, environment: { ...known.environment, TENANTS: undefined } };
  const planOne = plannerFor(context, { services: [], tenants: [], databases: [] });
  const fleet = await planFleet(context, targets, histories, open, planOne, true);
  refuseUnusable(fleet);
  const plan = divide(fleet.targets, {});
  const scripts = await readScripts(context, plan, histories);
  refusePooled(plan, fleet.databases, scripts.scriptOf, poolerError);
  await createExtensions(context, plan, scripts, open);
  const prepared: PreparedRollout = {
    ...{ verb: "tenants add", selection: { tenants: [id] }, kept: false },
    ...{ plan, planOne, histories, databases: fleet.databases, scriptOf: scripts.scriptOf },
  };
  const { concurrency, timeouts } = context.config.fleet;
  const choices = { concurrency, timeouts, soakMs: 0, maxFailures: Number.POSITIVE_INFINITY };
  const { outcomes } = await rollOut(context, prepared, open, choices, () => undefined);
  const problems = outcomes.filter(isFailure).map(({ target, failure }) => {
    const text = failure === undefined ? "it was not migrated" : failureText(failure);
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
  /** The targets that are at head now. */
  readonly made: ReadonlySet<Target>;
  /** True when a baseline is still to be made. */
  readonly missing: boolean;
}

/** Makes fresh targets from their services' baselines, where those are kept and good. */
async function fromBaselines(
  hold: LockedTenant,
  fresh: readonly Target[],
  histories: ReadonlyMap<string, History>,
): Promise<FromBaselines> {
  const { readBaseline } = await import("../control/baselines.ts");
  const made = new Set<Target>();
  const unflushed = new Set<Session>();
  let missing = false;
  await forEachTarget(hold, fresh, async (session, target) => {
    const history = histories.get(target.service);
    if (history === undefined || !deservesBaseline(history)) return;
    const baseline = await readBaseline(session, target.service, digestOfAll(history));
    missing ||= baseline === undefined;
    if (baseline === undefined || "refused" in baseline) return;
    await applyBaseline(hold.context, session, target, baseline);
    unflushed.add(session);
    made.add(target);
  });
  for (const session of unflushed) await flushLog(session);
  return { made, missing };
}

function digestOfAll({ digests }: History): string {
  return digests.at(-1) ?? "";
}

/**
 * Makes the baselines that are missing, for the next tenant: of services with a long history.
 *
 * @returns why a service has none, by its name
 */
export async function prepareBaselines(hold: LockedTenant): Promise<ReadonlyMap<string, string>> {
  const { saveBaseline, readBaseline } = await import("../control/baselines.ts");
  const { lockBaselines } = await import("../control/registry.ts");
  const targets = await registeredTargets(hold);
  const histories = await readHistories(hold.context, targets);
  const refusals = new Map<string, string>();
  await forEachTarget(hold, targets, async (session, { database, service }) => {
    const history = histories.get(service);
    if (history === undefined || !deservesBaseline(history)) return;
    const key = digestOfAll(history);
    if ((await readBaseline(session, service, key)) !== undefined) return;
    // Somebody else is at it.
    if (!(await lockBaselines(hold.registry, database))) return;
    await dropScratch(session);
    const made = await makeBaseline(hold.context, session, database, service, history);
    await saveBaseline(session, service, key, made);
    if ("refused" in made) refusals.set(service, made.refused);
  });
  return refusals;
}
