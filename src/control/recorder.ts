import type { DatabaseAddress } from "../core/database.ts";
import { messageOf } from "../core/errors.ts";
import type { Outcome, Stop } from "../core/outcome.ts";
import type { OutcomeRecord, RolloutRecord } from "../core/rollout.ts";
import { ScriptError } from "../postgres/script.ts";
import { type ConnectOptions, Session } from "../postgres/session.ts";
import { createControlTables } from "./create.ts";

/** Outcomes wait so long, in milliseconds, before they are written together. */
const writeEvery = 1_000;

/** So long may one write take, in milliseconds: a lock on these tables must not hold up a rollout's end. */
const patience = 10_000;

/** The statements, and Drizzle with them: not before there is something to keep. */
const loadStatements = () => import("./write.ts");

type Statements = Awaited<ReturnType<typeof loadStatements>>;
type Use = (session: Session, statements: Statements) => Promise<void>;

/**
 * Keeps a rollout and its outcomes in one of its databases, on a connection of its own. The rollout waits for it
 * only at its end, and not for long, and never fails by it: what cannot be kept is said once.
 */
export class Recorder {
  readonly #address: DatabaseAddress;
  readonly #connect: ConnectOptions;
  readonly #rollout: RolloutRecord;
  readonly #whileRunning: boolean;
  #session: Session | undefined;
  #waiting: OutcomeRecord[] = [];
  #writing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #trouble: unknown;

  /**
   * @param whileRunning false: a connection is taken only at the end, because the server has none to spare
   */
  constructor(
    address: DatabaseAddress,
    connect: ConnectOptions,
    rollout: RolloutRecord,
    whileRunning: boolean,
  ) {
    this.#address = address;
    this.#connect = connect;
    this.#rollout = rollout;
    this.#whileRunning = whileRunning;
    if (whileRunning) this.#write();
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
    if (this.#whileRunning) this.#timer ??= setTimeout(() => this.#write(), writeEvery);
  }

  /**
   * Writes what is left, and that the rollout is over.
   *
   * @returns why something could not be kept, or undefined
   */
  async end(stopped: Stop | undefined): Promise<string | undefined> {
    this.#write();
    await this.#writing;
    try {
      if (this.#trouble === undefined)
        await this.#bounded((session, { finishRollout }) =>
          finishRollout(session, this.#rollout, stopped?.message ?? null),
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
        insertOutcomes(session, this.#rollout, outcomes),
      );
      this.#trouble = undefined;
    } catch (error) {
      this.#trouble = error;
      this.#waiting = [...outcomes, ...this.#waiting];
    }
  }

  /** A session that fails or takes too long is closed: whatever it was about ends with it. */
  async #bounded(use: Use): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer for ${patience / 1_000} s`)), patience);
    });
    try {
      await Promise.race([this.#run(use), late]);
    } catch (error) {
      await this.#session?.close();
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
    if (this.#session !== undefined && !this.#session.lost) return this.#session;
    const session = await Session.connect(this.#address, this.#connect);
    this.#session = session;
    await createControlTables(session);
    await insertRollout(session, this.#rollout);
    return session;
  }
}
