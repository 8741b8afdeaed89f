import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../core/errors.ts";
import type { Outcome, Stop } from "../core/outcome.ts";
import type { NewRollout, OutcomeRecord, RolloutGoal } from "../core/rollout.ts";
import { ScriptError } from "../postgres/script.ts";
import type { Session } from "../postgres/session.ts";
import { createRolloutTables } from "./create.ts";

/** Outcomes wait so long, in milliseconds, before they are written together. */
const writeDelayMs = 1_000;

/** A session that is lost is missed so often, in milliseconds: others see by it that the rollout is under way. */
const reconnectIntervalMs = 5_000;

/** So long may one write take, in milliseconds: a lock on these tables must not hold up a rollout's end. */
const writeTimeoutMs = 10_000;

/** So long does a rollout wait at its beginning, in milliseconds. */
const goalTimeoutMs = 2_000;

/** The statements, and Drizzle with them: not before there is something to keep. */
const loadStatements = () => import("./write.ts");

type Statements = Awaited<ReturnType<typeof loadStatements>>;
type Use = (session: Session, statements: Statements) => Promise<void>;

/** What a recorder keeps, and where. */
export interface Recording {
  readonly rollout: NewRollout;
  /** What the rollout is meant to reach; undefined for one that brings no target anywhere. */
  readonly goal: RolloutGoal | undefined;
  /** Opens a session in the database. The recorder closes it. */
  readonly connect: () => Promise<Session>;
  /** False: a connection is taken only at the end, because the server has none to spare. */
  readonly whileRunning: boolean;
}

/**
 * Keeps a rollout and its outcomes in one of its databases, on a connection of its own. The rollout waits for it
 * only at its beginning and its end, and not for long, and never fails by it: what cannot be kept is said once.
 */
export class Recorder {
  readonly #recording: Recording;
  readonly #startedAt = performance.now();
  #session: Session | undefined;
  /** True when the session has kept that the rollout has begun. */
  #begun = false;
  #waiting: OutcomeRecord[] = [];
  #writing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #watch: NodeJS.Timeout | undefined;
  #trouble: unknown;

  constructor(recording: Recording) {
    this.#recording = recording;
    if (!recording.whileRunning) return;
    this.#write();
    this.#watch = setInterval(() => {
      if (this.#session?.lost === true) this.#write();
    }, reconnectIntervalMs);
    this.#watch.unref();
  }

  /**
   * Waits until it is on disk what the rollout is meant to reach, so that `--failed` knows it when the runner is killed
   * or the server crashes at the first target. It never fails.
   */
  async keepGoal(): Promise<void> {
    await Promise.race([this.#writing, sleep(goalTimeoutMs, undefined, { ref: false })]);
  }

  /** Takes an outcome, to be written soon. */
  add(outcome: Outcome, wave: string): void {
    const { target, status, applied, durationMs, failure } = outcome;
    this.#waiting.push({
      service: target.service,
      tenant: target.tenant ?? null,
      schema: target.schema,
      wave,
      status,
      applied,
      durationMs,
      failure: failure ?? null,
    });
    if (this.#recording.whileRunning) this.#timer ??= setTimeout(() => this.#write(), writeDelayMs);
  }

  /**
   * Writes what is left, and that the rollout is over.
   *
   * @returns why something could not be kept, or undefined
   */
  async end(stopped: Stop | undefined): Promise<string | undefined> {
    clearInterval(this.#watch);
    this.#write();
    await this.#writing;
    try {
      if (this.#trouble === undefined)
        await this.#bounded((session, { finishRollout }) =>
          finishRollout(session, this.#recording.rollout, stopped?.message ?? null),
        );
    } catch (error) {
      this.#trouble = error;
    }
    await this.#session?.close();
    const cause = this.#trouble instanceof ScriptError ? this.#trouble.cause : this.#trouble;
    return cause === undefined ? undefined : messageOf(cause);
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#writeWaiting());
  }

  /** What cannot be written stays, and is tried again with the next outcomes or at the end. */
  async #writeWaiting(): Promise<void> {
    const outcomes = this.#waiting;
    this.#waiting = [];
    try {
      await this.#bounded((session, { insertOutcomes }) =>
        insertOutcomes(session, this.#recording.rollout, outcomes),
      );
      this.#trouble = undefined;
    } catch (error) {
      this.#trouble = error;
      this.#waiting = [...outcomes, ...this.#waiting];
    }
  }

  /**
   * A session that takes too long is closed: whatever it was about ends with it. One that was refused stays, because
   * it also says to others that the rollout is under way.
   */
  async #bounded(use: Use): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Error(`no answer for ${writeTimeoutMs / 1_000} s`);
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(tooLate), writeTimeoutMs);
    });
    try {
      await Promise.race([this.#run(use), late]);
    } catch (error) {
      const session = this.#session;
      if (error === tooLate) await session?.close();
      else if (session?.lost === false)
        await session.script("ROLLBACK").catch(() => session.close());
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #run(use: Use): Promise<void> {
    const statements = await loadStatements();
    await use(await this.#open(statements), statements);
  }

  async #open({ insertRollout }: Statements): Promise<Session> {
    const { connect, rollout, goal } = this.#recording;
    if (this.#session === undefined || this.#session.lost) {
      this.#session = await connect();
      this.#begun = false;
    }
    const session = this.#session;
    if (this.#begun) return session;
    await createRolloutTables(session);
    await insertRollout(session, rollout, performance.now() - this.#startedAt, goal);
    this.#begun = true;
    return session;
  }
}
