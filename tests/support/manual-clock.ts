import type { Clock } from "../../src/core/clock.ts";

/** A clock that stands still until a test advances it. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ dueAt: number; readonly run: () => number | undefined }>();

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const timer = { dueAt: this.#now + ms, run: () => void resolve() };
      this.#timers.add(timer);
      signal?.addEventListener("abort", () => {
        this.#timers.delete(timer);
        resolve();
      });
    });
  }

  every(ms: number, action: () => void): () => void {
    const timer = {
      dueAt: this.#now + ms,
      run: () => {
        action();
        return ms;
      },
    };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Lets `ms` milliseconds pass. Timers run in order, and code that waits for them runs in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await new Promise(setImmediate);
      const [next] = [...this.#timers].sort((left, right) => left.dueAt - right.dueAt);
      if (next === undefined || next.dueAt > end) break;
      this.#now = next.dueAt;
      const again = next.run();
      if (again === undefined) this.#timers.delete(next);
      else next.dueAt += again;
    }
    this.#now = end;
  }
}
