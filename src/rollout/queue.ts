import { setTimeout as sleep } from "node:timers/promises";

/** Work that may become due later. Whoever takes from it never waits while something is due. */
export class Queue<Item> {
  readonly #waiting: { item: Item; dueAt: number }[];
  #next = 0;

  constructor(items: readonly Item[]) {
    this.#waiting = items.map((item) => ({ item, dueAt: 0 }));
  }

  /** Puts an item behind all others, not to be taken before `delayMs` have passed. */
  putBack(item: Item, delayMs: number): void {
    this.#waiting.push({ item, dueAt: Date.now() + delayMs });
  }

  /** The first item that is due, waiting for one if all are later; undefined when nothing is left. */
  async take(signal?: AbortSignal): Promise<Item | undefined> {
    for (;;) {
      if (this.#next >= this.#waiting.length || signal?.aborted) return undefined;
      const now = Date.now();
      const first = this.#waiting[this.#next];
      if (first !== undefined && first.dueAt <= now) {
        this.#next += 1;
        return first.item;
      }
      const later = this.#waiting
        .splice(this.#next)
        .sort((left, right) => left.dueAt - right.dueAt);
      this.#waiting.push(...later);
      const wait = (later[0]?.dueAt ?? now) - now;
      if (wait > 0) await sleep(wait, undefined, { signal }).catch(() => undefined);
    }
  }

  /** True when nothing is left to take, now or later. */
  get isEmpty(): boolean {
    return this.#next >= this.#waiting.length;
  }

  /** What was never taken. */
  rest(): Item[] {
    return this.#waiting.splice(this.#next).map(({ item }) => item);
  }
}
