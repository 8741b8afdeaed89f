import type { DatabaseAddress } from "../core/database.ts";
import { messageOf } from "../core/errors.ts";
import type { Outcome, Stop } from "../core/outcome.ts";
import type { OutcomeRecord, RolloutRecord } from "../core/rollout.ts";
import { ScriptError } from "../postgres/script.ts";
import { type ConnectOptions, Session } from "../postgres/session.ts";
import { createControlTables } from "./tables.ts";

/** Outcomes wait so long, in milliseconds, before they are written together. */
const writeEvery = 1_000;

/** So long may one write take, in milliseconds: a lock on these tables must not hold up a rollout's end. */
const patience = 10_000;

/** So many rollouts are kept in each database. */
const kept = 100;

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
        await this.#bounded((session) => this.#finish(session, stopped));
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
      await this.#bounded((session) => insertOutcomes(session, this.#rollout, outcomes));
      this.#trouble = undefined;
    } catch (error) {
      this.#trouble = error;
      this.#waiting = [...outcomes, ...this.#waiting];
    }
  }

  async #finish(session: Session, stopped: Stop | undefined): Promise<void> {
    const { id, database } = this.#rollout;
    await session.query(
      "UPDATE drizzle_fleet.rollouts SET ended_at = $3, stopped = $4 WHERE id = $1 AND database = $2",
      [id, database, new Date(), stopped?.message ?? null],
    );
    await session.query(
      `DELETE FROM drizzle_fleet.rollouts WHERE database = $1 AND id IN
       (SELECT id FROM drizzle_fleet.rollouts WHERE database = $1 ORDER BY started_at DESC OFFSET $2)`,
      [database, kept],
    );
  }

  /** A session that fails or takes too long is closed: whatever it was about ends with it. */
  async #bounded(use: (session: Session) => Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer for ${patience / 1_000} s`)), patience);
    });
    try {
      await Promise.race([this.#open().then(use), late]);
    } catch (error) {
      await this.#session?.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #open(): Promise<Session> {
    if (this.#session !== undefined && !this.#session.lost) return this.#session;
    const session = await Session.connect(this.#address, this.#connect);
    this.#session = session;
    await createControlTables(session);
    await insertRollout(session, this.#rollout);
    return session;
  }
}

async function insertRollout(session: Session, rollout: RolloutRecord): Promise<void> {
  const { id, database, verb, selection, startedAt, startedBy, waves, targets } = rollout;
  await session.query(
    `INSERT INTO drizzle_fleet.rollouts (id, database, verb, selection, started_at, started_by, waves, targets)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
    [id, database, verb, JSON.stringify(selection), startedAt, startedBy, waves, targets],
  );
}

async function insertOutcomes(
  session: Session,
  { id, database }: RolloutRecord,
  outcomes: readonly OutcomeRecord[],
): Promise<void> {
  if (outcomes.length === 0) return;
  // A lost answer makes the same rows come again.
  await session.query(
    `INSERT INTO drizzle_fleet.outcomes
       (rollout, database, service, tenant, schema, wave, status, applied, duration_ms, failure)
     SELECT $1, $2, service, tenant, schema, wave, status, applied, "durationMs", failure
     FROM jsonb_to_recordset($3::jsonb) AS row (service text, tenant text, schema text, wave text, status text,
       applied text[], "durationMs" integer, failure jsonb)
     ON CONFLICT DO NOTHING`,
    [id, database, JSON.stringify(outcomes)],
  );
}
