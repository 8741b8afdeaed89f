/** How often and how long a target is tried again. */
export interface RetryPolicy {
  readonly attempts: number;
  /** First delay in milliseconds; each further one doubles, up to `maxDelay`. */
  readonly minDelay: number;
  readonly maxDelay: number;
}

/**
 * The pause before another attempt: exponential, capped, and between half and all of that at random, so that
 * targets that failed together do not come back together.
 *
 * @param attempt how many attempts have failed, from 1
 */
export function delayBefore(
  attempt: number,
  policy: RetryPolicy,
  random: () => number = Math.random,
): number {
  const full = Math.min(policy.minDelay * 2 ** (attempt - 1), policy.maxDelay);
  return Math.round(full * (0.5 + random() / 2));
}
