import type { Clock } from "../core/clock.ts";

/**
 * Targets that wait for a worker, each from a certain time on. Workers of one database share a queue. Its behavior is
 * fixed by the conformance suite in tests/unit/target-queue.test.ts.
 */
export interface TargetQueue<Item> {
  /** Appends an item that can be taken after `delayMs` milliseconds. */
  putBack(item: Item, delayMs: number): void;
  /** Puts an item first, due at once: it was taken, but nothing was done with it. */
  putFirst(item: Item): void;
  /**
   * Removes the first item that is due. If all items are due later, waits for the earliest one.
   *
   * @returns undefined when the queue is empty or `signal` is aborted
   */
  take(signal?: AbortSignal): Promise<Item | undefined>;
  /** Removes the first item if it is due now, without waiting; undefined if none is. */
  takeDue(): Item | undefined;
  /** True when nothing is left to take, now or later. */
  readonly isEmpty: boolean;
  /** Number of items that are left to take, now or later. */
  readonly length: number;
  /** Removes all items, due or not, and returns them. */
  drain(): Item[];
}

/** Makes a queue whose first items are due at once. */
export type QueueFactory = <Item>(items: readonly Item[], clock: Clock) => TargetQueue<Item>;

/** A queue in the memory of this process. */
class MemoryQueue<Item> implements TargetQueue<Item> {
  readonly #clock: Clock;
  readonly #waiting: { item: Item; dueAt: number }[];
  #next = 0;

  constructor(items: readonly Item[], clock: Clock) {
    this.#clock = clock;
    this.#waiting = items.map((item) => ({ item, dueAt: Number.NEGATIVE_INFINITY }));
  }

  putBack(item: Item, delayMs: number): void {
    this.#waiting.push({ item, dueAt: this.#clock.now() + delayMs });
  }

  putFirst(item: Item): void {
    this.#waiting.splice(this.#next, 0, { item, dueAt: Number.NEGATIVE_INFINITY });
  }

  async take(signal?: AbortSignal): Promise<Item | undefined> {
    for (;;) {
      if (this.length === 0 || signal?.aborted) return undefined;
      const due = this.takeDue();
      if (due !== undefined) return due;
      const now = this.#clock.now();
      const later = this.#waiting
        .splice(this.#next)
        .sort((left, right) => left.dueAt - right.dueAt);
      this.#waiting.push(...later);
      const wait = (later[0]?.dueAt ?? now) - now;
      if (wait > 0) await this.#clock.sleep(wait, signal);
    }
  }

  takeDue(): Item | undefined {
    const first = this.#waiting[this.#next];
    if (first === undefined || first.dueAt > this.#clock.now()) return undefined;
    this.#next += 1;
    return first.item;
  }

  get isEmpty(): boolean {
    return this.length === 0;
  }

  get length(): number {
    return this.#waiting.length - this.#next;
  }

  drain(): Item[] {
    return this.#waiting.splice(this.#next).map(({ item }) => item);
  }
}

export const memoryQueue: QueueFactory = (items, clock) => new MemoryQueue(items, clock);
