import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../core/errors.ts";
import type { Outcome, Stop } from "../core/outcome.ts";
import type { NewRollout, OutcomeRecord, RolloutGoal } from "../core/rollout.ts";
import { ScriptError } from "../postgres/script-error.ts";
import type { Session } from "../postgres/session.ts";
import { createRolloutTables } from "./create.ts";

/** How long outcomes are collected before they are written together, in milliseconds. */
const writeDelayMs = 1_000;

/**
 * How often to check for a lost session, in milliseconds. Its existence shows others that the rollout is running.
 */
const reconnectIntervalMs = 5_000;

/** How long one write may take, in milliseconds: a lock on these tables must not delay a rollout's end. */
const writeTimeoutMs = 10_000;

/** How long a rollout waits at its start until its goal is recorded, in milliseconds. */
const goalTimeoutMs = 2_000;

/** Loaded on first use, together with Drizzle. */
async function loadStatements() {
  try {
    return await import("./write.ts");
  } catch (error) {
    const isMissing = error instanceof Error && Reflect.get(error, "code") === missingPackage;
    throw isMissing ? new Error("the package drizzle-orm is not installed") : error;
  }
}

/** Node's code for a package that is not installed. */
const missingPackage = "ERR_MODULE_NOT_FOUND";

type Statements = Awaited<ReturnType<typeof loadStatements>>;
type Use = (session: Session, statements: Statements) => Promise<void>;

/** What to record, and where. */
export interface Recording {
  readonly rollout: NewRollout;
  /** The goal of the rollout; undefined if it changes no target. */
  readonly goal: RolloutGoal | undefined;
  /** Opens a session in the database, which the recorder closes. */
  readonly connect: () => Promise<Session>;
  /** False: connect only at the end, because the server has no connection to spare. */
  readonly whileRunning: boolean;
}

/**
 * Records a rollout and its outcomes in one of its databases, on its own connection. The rollout waits for it only at
 * its start and its end, for a limited time, and never fails because of it. A failure to record is reported once.
 */
export class Recorder {
  readonly #recording: Recording;
  readonly #startedAt = performance.now();
  #session: Session | undefined;
  /** True when the start of the rollout is recorded on this session. */
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
   * Waits until the rollout's goal is on disk, so that `--failed` works even if the runner is killed or the server
   * crashes at the first target. It never fails.
   *
   * @returns the reason why nothing can be recorded for now, or undefined
   */
  async keepGoal(): Promise<string | undefined> {
    await Promise.race([this.#writing, sleep(goalTimeoutMs, undefined, { ref: false })]);
    return this.#troubleText;
  }

  /** Adds an outcome, which is written soon. */
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
   * Writes the remaining outcomes, and the end of the rollout.
   *
   * @returns the reason why something could not be recorded, or undefined
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
    return this.#troubleText;
  }

  get #troubleText(): string | undefined {
    const cause = this.#trouble instanceof ScriptError ? this.#trouble.cause : this.#trouble;
    return cause === undefined ? undefined : messageOf(cause);
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#writeWaiting());
  }

  /** Outcomes that cannot be written stay, and are retried with the next ones or at the end. */
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
   * Closes a session that takes too long, which ends what it was doing. A session whose statement failed stays open,
   * because it also shows others that the rollout is running.
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
