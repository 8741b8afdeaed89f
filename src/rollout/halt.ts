import { counted } from "../core/count.ts";
import { isFailure, type Outcome, type Stop } from "../core/outcome.ts";
import { serverRemedy } from "../postgres/server-trouble.ts";

/** Stops a rollout early: running targets finish and no other target starts. The first reason counts. */
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
   * @param interruption aborted when the user interrupts the rollout
   * @param maxFailures number of targets that can fail; Infinity for no limit
   * @param onStop called at once with the first reason
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

  /** Call when the rollout is over: a later interruption then has no effect on it. */
  close(): void {
    this.#interruption?.removeEventListener("abort", this.#interrupted);
  }

  /** Aborted with the first reason to stop. */
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

  /** Counts an outcome. Stops when too many targets have failed, or when the server cannot run migrations. */
  count(outcome: Outcome): void {
    if (!isFailure(outcome)) return;
    const { sqlstate } = outcome.failure ?? {};
    if (serverRemedy(sqlstate) !== undefined) {
      const { database } = outcome.target;
      const message = `the server of database ${database} cannot run migrations (SQLSTATE ${sqlstate})`;
      this.because({ kind: "server", message });
    }
    this.#failures += 1;
    if (this.#failures <= this.#maxFailures) return;
    const failed = counted(this.#failures, "target");
    this.because({ kind: "failures", message: `${failed} failed (limit: ${this.#maxFailures})` });
  }
}
