import { FleetError, isFleetError, messageOf } from "../core/errors.ts";
import type { OnboardingObserver, OnboardingStep } from "../core/onboarding.ts";
import type { Context } from "../fleet/context.ts";
import { tenantError } from "../fleet/target-errors.ts";
import { dropTenant } from "./removal.ts";
import type { LockedTenant } from "./tenant-lock.ts";

/** A step on the way to a tenant. */
export interface SagaStep {
  readonly name: OnboardingStep;
  readonly run: () => Promise<unknown>;
}

/**
 * Goes through the steps that make a tenant; the first one enters it into the registry. When a step fails, all that was
 * done is undone, in reverse.
 *
 * @param observe sees every step
 * @throws what the step threw, when everything is undone; FleetError `onboarding` that says how to clear it away, when
 *   that failed too
 */
export async function runSteps(
  locked: LockedTenant,
  steps: readonly SagaStep[],
  observe: OnboardingObserver,
): Promise<void> {
  const { context, id: tenant } = locked;
  for (const [index, { name, run }] of steps.entries()) {
    observe({ type: "stepStarted", tenant, step: name });
    const startedAt = performance.now();
    try {
      refuseInterrupted(context);
      await run();
    } catch (error) {
      observe({
        type: "stepFailed",
        tenant,
        step: name,
        message: messageOf(tenantError(tenant, error)),
      });
      // Whoever could not be entered is somebody else's, or nobody: there is nothing of ours.
      if (index > 0) await undo(locked, error, steps.slice(0, index + 1), observe);
      throw error;
    }
    const durationMs = Math.round(performance.now() - startedAt);
    observe({ type: "stepEnded", tenant, step: name, durationMs });
  }
}

/** Takes back what the steps did: the tenant's schemas with all that is in them, then its place in the registry. */
async function undo(
  locked: LockedTenant,
  reason: unknown,
  steps: readonly SagaStep[],
  observe: OnboardingObserver,
): Promise<void> {
  const { id } = locked;
  try {
    await dropTenant({ ...locked, context: undisturbed(locked.context) });
  } catch (error) {
    const remedy = `The tenant is incomplete, and rollouts skip it. Run the same command again, or delete the tenant: npx drizzle-fleet tenants remove ${id}`;
    throw new FleetError("onboarding", `tenant ${id} could not be made`, {
      problems: [
        toProblem(tenantError(id, reason)),
        new FleetError(
          "onboarding",
          `undoing it failed too: ${messageOf(tenantError(id, error))}`,
          {
            remedy,
          },
        ),
      ],
      cause: reason,
    });
  }
  for (const { name } of [...steps].reverse())
    observe({ type: "stepUndone", tenant: id, step: name });
}

/** What a context is like for something that must be done although the user has interrupted. */
export function undisturbed({ signal: _, cancel: __, ...context }: Context): Context {
  return context;
}

function toProblem(error: unknown): FleetError {
  return isFleetError(error) ? error : new FleetError("onboarding", messageOf(error));
}

/** @throws FleetError `onboarding` when the user wants no more of it */
export function refuseInterrupted({ signal }: Context): void {
  if (signal?.aborted !== true) return;
  throw new FleetError("onboarding", "interrupted", { remedy: "What was done is undone." });
}
