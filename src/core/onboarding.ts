/** The steps of onboarding, in order. Each can be run again. Removing the tenant undoes all of them. */
export const onboardingSteps = [
  "register",
  "schemas",
  "migrate",
  "grant",
  "seed",
  "admin",
  "activate",
] as const;

/** `copy` replaces `schemas`, `migrate`, `seed` and `admin` for a tenant that is made from another tenant or a file. */
export type OnboardingStep = (typeof onboardingSteps)[number] | "copy";

/** What happens during onboarding. `durationMs` is in milliseconds. */
export type OnboardingEvent = {
  readonly tenant: string;
  readonly step: OnboardingStep;
} & (
  | { readonly type: "stepStarted" }
  | { readonly type: "stepEnded"; readonly durationMs: number }
  | { readonly type: "stepFailed"; readonly message: string }
  | { readonly type: "stepUndone" }
);

/** Receives the events of onboarding, in order. */
export type OnboardingObserver = (event: OnboardingEvent) => void;

/** The first admin of a tenant, as a service's seed module receives it. */
export interface AdminUser {
  readonly email: string;
  /** The bcrypt hash; undefined if the admin is invited instead. */
  readonly passwordHash: string | undefined;
  /** sha256 hex of the invitation's token; undefined if there is a password. */
  readonly invitationTokenHash: string | undefined;
}
