import type { Observer } from "../core/events.ts";
import type { Outcome, Stop } from "../core/outcome.ts";
import { hasWork, type Plan, type PlanProblem, type TargetPlan, targetsOf } from "../core/plan.ts";
import { failingTargets, type PreflightReport } from "../core/preflight.ts";
import type { Target } from "../core/target.ts";
import type { PlannedFleet } from "../fleet/plan-fleet.ts";
import type { Scripts } from "../fleet/scripts.ts";
import { checkPlan, type PreflightOptions } from "./preflight.ts";

/**
 * What to do with targets that would fail: `stop` migrates no target if there is one, `skip` leaves them out, and `last`
 * migrates them in a wave of their own at the end.
 */
export type FailingPolicy = "stop" | "skip" | "last";

/** What a preflight decides about a plan. */
export type Decision =
  | { readonly kind: "go"; readonly plan: Plan; readonly report: PreflightReport }
  | {
      readonly kind: "stop";
      readonly report: PreflightReport;
      readonly result: { readonly outcomes: readonly Outcome[]; readonly stopped: Stop };
    };

/** The name of the wave of targets that would fail. */
const lastWave = "would fail";

/**
 * Checks a plan before it runs, and decides what to do with the targets that would fail.
 *
 * @param observe receives the progress and the report
 */
export async function decide(
  fleet: PlannedFleet,
  plan: Plan,
  scriptOf: Scripts["scriptOf"],
  options: Omit<PreflightOptions, "onProgress"> & { readonly failing: FailingPolicy },
  observe: Observer,
): Promise<Decision> {
  const report = await checkPlan(fleet, plan, scriptOf, {
    ...options,
    onProgress: (done, total) => observe({ type: "preflightProgress", done, total }),
  });
  observe({ type: "preflightEnded", report });
  if (options.failing !== "stop")
    return { kind: "go", report, plan: withFailingLast(plan, report, options.failing) };
  const message = whyStopped(report);
  if (message === undefined) return { kind: "go", report, plan };
  const stopped: Stop = { kind: "preflight", message };
  return { kind: "stop", report, result: { outcomes: untouched(plan), stopped } };
}

/** A database that cannot be used fails its own targets only. */
function whyStopped(report: PreflightReport): string | undefined {
  if (report.failing.length > 0) return "preflight found targets that would fail";
  const isInTheWay = report.obstacles.some(
    ({ severity, kind }) => severity === "error" && kind !== "unusable",
  );
  return isInTheWay ? "preflight found an obstacle" : undefined;
}

function untouched(plan: Plan): Outcome[] {
  return targetsOf(plan).map((one) => ({
    target: one.target,
    status: hasWork(one) ? "notExecuted" : "skipped",
    applied: [],
    durationMs: 0,
  }));
}

/** Targets that would fail come last, so that they neither fail a canary nor stop the other targets. */
function withFailingLast(plan: Plan, report: PreflightReport, policy: "skip" | "last"): Plan {
  const failing = failingTargets(report);
  if (failing.size === 0) return plan;
  const isFailing = ({ target }: TargetPlan) => failing.has(target);
  const last = targetsOf(plan).filter(isFailing);
  const targets = policy === "last" ? last : last.map((one) => withoutSteps(one, report));
  const waves = plan.waves
    .map((wave) => ({ ...wave, targets: wave.targets.filter((one) => !isFailing(one)) }))
    .filter((wave) => wave.targets.length > 0);
  return { waves: [...waves, { name: lastWave, canary: false, targets }] };
}

function withoutSteps(plan: TargetPlan, report: PreflightReport): TargetPlan {
  if (plan.problems.length > 0) return plan;
  return { ...plan, steps: [], problems: problemsOf(plan.target, report) };
}

function problemsOf(target: Target, { failing }: PreflightReport): PlanProblem[] {
  return failing.flatMap(({ place, message, remedy, targets }) =>
    targets.some((one) => one.target === target)
      ? [
          {
            kind: "wouldFail" as const,
            tag: place?.tag,
            message: `it would fail: ${message}`,
            remedy,
          },
        ]
      : [],
  );
}
