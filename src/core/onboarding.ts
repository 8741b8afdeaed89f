/** The steps of onboarding, in their order. Each can be run again, and each is undone by what comes before it. */
export const onboardingSteps = [
  "register",
  "schemas",
  "migrate",
  "grant",
  "seed",
  "admin",
  "activate",
] as const;

/** `copy` is the step of a tenant that comes from another one, or from a file. */
export type OnboardingStep = (typeof onboardingSteps)[number] | "copy";

/** What onboarding tells whoever watches it. */
export type OnboardingEvent = {
  readonly tenant: string;
  readonly step: OnboardingStep;
} & (
  | { readonly type: "stepStarted" }
  | { readonly type: "stepEnded"; readonly durationMs: number }
  | { readonly type: "stepFailed"; readonly message: string }
  | { readonly type: "stepUndone" }
);

export type OnboardingObserver = (event: OnboardingEvent) => void;

/** The admin that a tenant begins with, as a service's seed module gets it. */
export interface AdminUser {
  readonly email: string;
  /** bcrypt; undefined when the admin is invited instead. */
  readonly passwordHash: string | undefined;
  /** sha256 hex of the invitation's token; undefined when there is a password. */
  readonly invitationTokenHash: string | undefined;
}
