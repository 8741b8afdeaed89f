import type { OnboardingObserver } from "../../../core/onboarding.ts";
import type { CommonOptions } from "../../options/common.ts";
import { writeLine, writeNote } from "../../output.ts";

/** Reports the steps of onboarding: as lines on standard error, or as events on standard output. */
export async function onboardingObserver({ json }: CommonOptions): Promise<OnboardingObserver> {
  if (json === true) {
    const { maskSecrets } = await import("../../../config/secrets.ts");
    return (event) => {
      const at = new Date().toISOString();
      // The code of a seed may throw an error that contains a secret.
      if (event.type === "stepFailed")
        writeLine({ at, ...event, message: maskSecrets(event.message) });
      else writeLine({ at, ...event });
    };
  }
  const { onboardingLine } = await import("../../../report/tenants.ts");
  return (event) => {
    const line = onboardingLine(event);
    if (line !== undefined) writeNote(`${line}\n`);
  };
}
