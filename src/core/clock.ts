import { setTimeout as sleep } from "node:timers/promises";

/** Measures time and waits. Its behavior is fixed by the conformance suite in tests/unit/clock.test.ts. */
export interface Clock {
  /** Milliseconds since a fixed moment. Never decreases. */
  now(): number;
  /** Resolves after `ms` milliseconds, or as soon as `signal` is aborted. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Calls `action` every `ms` milliseconds. Does not keep the process alive.
   *
   * @returns a function that stops the calls
   */
  every(ms: number, action: () => void): () => void;
}

/** The process's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
  every: (ms, action) => {
    const timer = setInterval(action, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};
