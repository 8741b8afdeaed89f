/** How often to retry a target, and how long to wait before each retry. */
export interface RetryPolicy {
  readonly attempts: number;
  /** First delay in milliseconds; each later one doubles, up to `maxDelay`. */
  readonly minDelay: number;
  readonly maxDelay: number;
}

/**
 * The delay before the next attempt, in milliseconds. It grows exponentially up to a cap. A random part, up to half of
 * it, keeps targets that failed together from retrying together.
 *
 * @param attempt number of failed attempts, from 1
 */
export function retryDelay(
  attempt: number,
  policy: RetryPolicy,
  random: () => number = Math.random,
): number {
  const full = Math.min(policy.minDelay * 2 ** (attempt - 1), policy.maxDelay);
  return Math.round(full * (0.5 + random() / 2));
}
