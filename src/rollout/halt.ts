import { counted } from "../core/count.ts";
import { isFailure, type Outcome, type Stop } from "../core/outcome.ts";
import { serverRemedy } from "../postgres/server-trouble.ts";

/** Ends a rollout early: no further target is started, and what runs comes to its end. The first reason counts. */
export class Halt {
  readonly #controller = new AbortController();
  readonly #maxFailures: number;
  readonly #onStop: (stop: Stop) => void;
  readonly #interruption: AbortSignal | undefined;
  readonly #interrupted = () =>
    this.because({ kind: "interrupted", message: "it was interrupted" });
  #failures = 0;
  #stop: Stop | undefined;

  /**
   * @param interruption the user's wish to stop
   * @param maxFailures how many targets may fail; Infinity for any number
   * @param onStop is told the first reason to stop, at once
   */
  constructor(
    interruption: AbortSignal | undefined,
    maxFailures: number,
    onStop: (stop: Stop) => void,
  ) {
    this.#maxFailures = maxFailures;
    this.#onStop = onStop;
    this.#interruption = interruption;
    if (interruption?.aborted === true) this.#interrupted();
    else interruption?.addEventListener("abort", this.#interrupted, { once: true });
  }

  /** The rollout is over: a later interruption is not its own. */
  close(): void {
    this.#interruption?.removeEventListener("abort", this.#interrupted);
  }

  /** Ends with the rollout's first reason to stop. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get stop(): Stop | undefined {
    return this.#stop;
  }

  because(stop: Stop): void {
    if (this.#stop !== undefined) return;
    this.#stop = stop;
    this.#onStop(stop);
    this.#controller.abort();
  }

  /** Takes an outcome into account: one failure too many is a reason to stop, and so is a server in trouble. */
  count(outcome: Outcome): void {
    if (!isFailure(outcome)) return;
    const { sqlstate } = outcome.failure ?? {};
    if (serverRemedy(sqlstate) !== undefined) {
      const { database } = outcome.target;
      const message = `the server of database ${database} is in trouble (SQLSTATE ${sqlstate})`;
      this.because({ kind: "server", message });
    }
    this.#failures += 1;
    if (this.#failures <= this.#maxFailures) return;
    const allowed = this.#maxFailures === 0 ? "none" : `${this.#maxFailures}`;
    const failed = counted(this.#failures, "target");
    this.because({ kind: "failures", message: `${failed} failed, and ${allowed} may` });
  }
}
