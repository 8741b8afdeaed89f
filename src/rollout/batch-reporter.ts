import type { BatchPosition } from "../core/batch.ts";
import type { Clock } from "../core/clock.ts";
import type { Observer } from "../core/events.ts";
import type { Target } from "../core/target.ts";
import type { BatchObserver } from "./step-run.ts";

/** The shortest time between two events for a target, in milliseconds. */
const reportEvery = 2_000;

/** Where a reporter reports to. */
interface Destination {
  readonly target: Target;
  readonly tag: string;
  readonly clock: Clock;
  readonly observe: Observer;
  /** Called when a batch begins, or may begin next. */
  readonly onStep: (tag: string) => void;
  /** Called when the statement waits before its next batch. */
  readonly onWait: (reason: string) => void;
}

/** Turns the batches of a statement into events, but not each of them. */
export class BatchReporter implements BatchObserver {
  readonly #to: Destination;
  #reportedAt: number;
  #estimate: number | undefined;
  /** How far the statement has run in this attempt; undefined if no batch was committed. */
  position: BatchPosition | undefined;

  constructor(to: Destination) {
    this.#to = to;
    this.#reportedAt = to.clock.now();
  }

  readonly estimated = (rows: number | undefined): void => {
    this.#estimate = rows;
  };

  readonly begins = (): void => this.#to.onStep(this.#to.tag);

  readonly committed = (position: BatchPosition): void => {
    const { target, tag, clock, observe } = this.#to;
    this.position = position;
    if (clock.now() - this.#reportedAt < reportEvery) return;
    this.#reportedAt = clock.now();
    const { batches, rows } = position;
    const estimate =
      this.#estimate === undefined ? {} : { ofAbout: Math.max(this.#estimate, rows) };
    observe({ type: "batchCommitted", target, tag, batches, rows, ...estimate });
  };

  readonly waits = (reason: string): void => this.#to.onWait(reason);
}
