/** How often and how long a target is tried again. */
export interface RetryPolicy {
  readonly attempts: number;
  /** First delay in milliseconds; each further one doubles, up to `maxDelayMs`. */
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

export const defaultRetry: RetryPolicy = { attempts: 8, minDelayMs: 50, maxDelayMs: 5_000 };

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
  const full = Math.min(policy.minDelayMs * 2 ** (attempt - 1), policy.maxDelayMs);
  return Math.round(full * (0.5 + random() / 2));
}
