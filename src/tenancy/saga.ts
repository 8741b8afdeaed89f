import { FleetError, messageOf } from "../core/errors.ts";
import type { OnboardingObserver, OnboardingStep } from "../core/onboarding.ts";
import type { Context } from "../fleet/context.ts";
import { tenantError } from "../fleet/target-errors.ts";
import { onboardingError } from "./errors.ts";
import { dropTenant } from "./removal.ts";
import type { LockedTenant } from "./tenant-lock.ts";

/** A step of creating a tenant. */
export interface SagaStep {
  readonly name: OnboardingStep;
  readonly run: () => Promise<unknown>;
}

/**
 * Runs the steps that create a tenant; the first one registers it. If a later step fails, removes the tenant again.
 *
 * @param observe receives an event for every step
 * @throws the error of the failed step, after the tenant was removed; FleetError `onboarding` with both errors if removing
 *   it failed too
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
      // If the first step failed, the tenant is not registered or belongs to another command: there is nothing to undo.
      if (index > 0) await undo(locked, error, steps.slice(0, index + 1), observe);
      throw error;
    }
    const durationMs = Math.round(performance.now() - startedAt);
    observe({ type: "stepEnded", tenant, step: name, durationMs });
  }
}

/** Drops the tenant's schemas, then deletes it from the registry. */
async function undo(
  locked: LockedTenant,
  reason: unknown,
  steps: readonly SagaStep[],
  observe: OnboardingObserver,
): Promise<void> {
  const { id } = locked;
  try {
    await dropTenant({ ...locked, context: withoutInterruption(locked.context) });
  } catch (error) {
    const remedy = `The tenant is incomplete, and rollouts skip it. Run the same command again. Or, to remove the tenant, run: npx drizzle-fleet tenants remove ${id}`;
    throw new FleetError("onboarding", `tenant ${id} could not be created`, {
      problems: [
        onboardingError(tenantError(id, reason)),
        new FleetError(
          "onboarding",
          `undoing the changes failed: ${messageOf(tenantError(id, error))}`,
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

/** A context without interruption, for work that must finish although the user has interrupted the command. */
export function withoutInterruption({ signal: _, cancel: __, ...context }: Context): Context {
  return context;
}

/** @throws FleetError `onboarding` if the user has interrupted the command */
export function refuseInterrupted({ signal }: Context): void {
  if (signal?.aborted !== true) return;
  throw new FleetError("onboarding", "interrupted", {
    remedy: "To start over, run the same command again.",
  });
}
