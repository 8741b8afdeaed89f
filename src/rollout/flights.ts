import { NotRunError } from "../postgres/answer.ts";
import type { Session } from "../postgres/session.ts";
import { type AttemptHooks, afterError, causeOf, ended, type FailedAttempt } from "./attempt.ts";
import type { RolloutOptions } from "./options.ts";
import { plainStepOf, runPlain } from "./plain.ts";
import { segmentsIn } from "./step.ts";
import { type AttemptResult, brokenOutcome, type TargetJob } from "./target-job.ts";
import type { Busy } from "./watchdog.ts";

/** No target is sent ahead if the last step took longer than this, in milliseconds: it could wait for a slow one. */
const quickStep = 250;

/** A target whose only step was sent, and is not answered yet. */
interface Flight {
  readonly job: TargetJob;
  readonly attempt: Omit<FailedAttempt, "error">;
  /** Resolves to the error of the step, or to undefined. Never rejects. */
  readonly answer: Promise<unknown>;
  /** Since when it is the oldest one; before that, since it was sent. */
  busy: Busy;
}

/** Waits for a step. Never rejects: resolves to its error, or to undefined. */
async function answerOf(run: () => Promise<void>): Promise<unknown> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** A target that has ended, or must be attempted again without a count, because its step was not run. */
export type Landed = AttemptResult | { readonly kind: "notRun"; readonly job: TargetJob };

/**
 * The targets under way on one connection. Each has one plain step, a transaction of its own, which is sent before the ones
 * before it are answered, so that neither side waits for the network. When a step fails, the server runs none of those that
 * were sent after it.
 */
export class Flights {
  readonly #options: RolloutOptions;
  readonly #hooks: AttemptHooks;
  #flights: Flight[] = [];
  /** How long the last step took, in milliseconds. */
  #lastMs = Number.POSITIVE_INFINITY;
  #startedAt = 0;
  /** Number of failures of the session when the first target was sent. */
  #failures = 0;

  constructor(options: RolloutOptions, hooks: AttemptHooks) {
    this.#options = options;
    this.#hooks = hooks;
  }

  get count(): number {
    return this.#flights.length;
  }

  /** The target that the server is working on. */
  get busy(): Busy | undefined {
    const [first] = this.#flights;
    return first?.busy;
  }

  /** Notes how long a step took that was not sent ahead, in milliseconds. */
  note(durationMs: number): void {
    this.#lastMs = durationMs;
  }

  /** True while another target may be sent: not after one has failed, which may stop the rollout. */
  hasRoom({ failures }: Session): boolean {
    if (this.count === 0) this.#failures = failures;
    const isQuick = this.#lastMs < quickStep && failures === this.#failures;
    return isQuick && this.count < this.#options.targetsPerConnection;
  }

  /**
   * Sends a target's step.
   *
   * @returns false, and sends nothing, if the target must be attempted on its own
   */
  send(session: Session, job: TargetJob): boolean {
    const { clock, scriptOf, observe } = this.#options;
    const { target, create, sealed, steps, problems } = job.plan;
    const [step, ...others] = steps;
    const mayCreate = create !== "schemaAndLedger" || job.mayCreate;
    const isFresh = job.attempts + job.waits === 0 && problems.length === 0;
    if (step === undefined || others.length > 0 || !mayCreate || !isFresh) return false;
    const script = scriptOf(target.service, step.tag);
    if (script === undefined) return false;
    const run = { session, target, step, script, context: this.#options, sealed };
    const plain = plainStepOf(run, segmentsIn(run), create);
    if (plain === undefined) return false;
    if (job.startedAt === undefined) observe({ type: "targetStarted", target });
    const now = clock.now();
    if (this.count === 0) this.#startedAt = now;
    this.#flights.push({
      job: { ...job, startedAt: now },
      attempt: { session, step, script },
      answer: answerOf(() => runPlain(run, plain)),
      busy: { since: now, target, tag: step.tag },
    });
    return true;
  }

  /** Waits for the oldest target. If its step failed, waits for all, because explaining a failure needs the connection. */
  async land(): Promise<Landed[]> {
    const [first] = this.#flights;
    if (first === undefined) return [];
    const error = await first.answer;
    if (error === undefined) {
      this.#flights.shift();
      const [next] = this.#flights;
      if (next !== undefined) next.busy = { ...next.busy, since: this.#options.clock.now() };
      return [this.#succeeded(first)];
    }
    const all = this.#flights;
    const errors = await Promise.all(all.map(({ answer }) => answer));
    this.#flights = [];
    const landed: Landed[] = [];
    for (const [index, flight] of all.entries())
      landed.push(await this.#landOne(flight, errors[index]));
    return landed;
  }

  async #landOne({ job, attempt }: Flight, error: unknown): Promise<Landed> {
    if (error === undefined) return this.#succeeded({ job, attempt });
    if (causeOf(error) instanceof NotRunError) return { kind: "notRun", job };
    try {
      return await afterError({ ...attempt, error }, job, this.#options, this.#hooks);
    } catch (broken) {
      await attempt.session.close();
      return { kind: "ended", job, outcome: brokenOutcome(job, broken, this.#options.clock) };
    }
  }

  #succeeded({ job, attempt }: Pick<Flight, "job" | "attempt">): AttemptResult {
    const { clock, observe } = this.#options;
    const now = clock.now();
    this.#lastMs = now - this.#startedAt;
    this.#startedAt = now;
    const { tag } = attempt.step;
    const durationMs = Math.round(this.#lastMs);
    observe({ type: "stepApplied", target: job.plan.target, tag, durationMs });
    return ended({ ...job, applied: [...job.applied, tag] }, "succeeded", clock);
  }
}
