import type { DatabaseAddress } from "../core/database.ts";
import { messageOf } from "../core/errors.ts";
import type { Outcome, Stop } from "../core/outcome.ts";
import type { OutcomeRecord, RolloutRecord } from "../core/rollout.ts";
import { type ConnectOptions, Session } from "../postgres/session.ts";
import { createControlTables } from "./tables.ts";

/** Outcomes wait so long, in milliseconds, before they are written together. */
const writeEvery = 1_000;

/** So many rollouts are kept in each database. */
const kept = 100;

/**
 * Keeps a rollout and its outcomes in one of its databases, on a connection of its own. The rollout never waits
 * for it and never fails by it: what cannot be kept is said once, at the end.
 */
export class Recorder {
  readonly #address: DatabaseAddress;
  readonly #connect: ConnectOptions;
  readonly #rollout: RolloutRecord;
  #session: Session | undefined;
  #waiting: OutcomeRecord[] = [];
  #writing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #trouble: unknown;

  constructor(address: DatabaseAddress, connect: ConnectOptions, rollout: RolloutRecord) {
    this.#address = address;
    this.#connect = connect;
    this.#rollout = rollout;
    this.#write();
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
    this.#timer ??= setTimeout(() => this.#write(), writeEvery);
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
      if (this.#trouble === undefined) await this.#close(stopped);
    } catch (error) {
      this.#trouble = error;
    }
    await this.#session?.close();
    return this.#trouble === undefined ? undefined : messageOf(this.#trouble);
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
      await insertOutcomes(await this.#open(), this.#rollout.id, outcomes);
      this.#trouble = undefined;
    } catch (error) {
      this.#trouble = error;
      this.#waiting = [...outcomes, ...this.#waiting];
    }
  }

  async #close(stopped: Stop | undefined): Promise<void> {
    const session = await this.#open();
    const { id } = this.#rollout;
    await session.query(
      "UPDATE drizzle_fleet.rollouts SET ended_at = clock_timestamp(), stopped = $2 WHERE id = $1",
      [id, stopped?.message ?? null],
    );
    await session.query(
      `DELETE FROM drizzle_fleet.rollouts WHERE id IN
       (SELECT id FROM drizzle_fleet.rollouts ORDER BY id DESC OFFSET $1)`,
      [kept],
    );
  }

  async #open(): Promise<Session> {
    if (this.#session !== undefined && !this.#session.lost) return this.#session;
    this.#session = await Session.connect(this.#address, this.#connect);
    await createControlTables(this.#session);
    await insertRollout(this.#session, this.#rollout);
    return this.#session;
  }
}

async function insertRollout(session: Session, rollout: RolloutRecord): Promise<void> {
  const { id, verb, selection, startedAt, startedBy, targets } = rollout;
  await session.query(
    `INSERT INTO drizzle_fleet.rollouts (id, verb, selection, started_at, started_by, targets)
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING`,
    [id, verb, JSON.stringify(selection), startedAt, startedBy, targets],
  );
}

async function insertOutcomes(
  session: Session,
  rollout: string,
  outcomes: readonly OutcomeRecord[],
): Promise<void> {
  if (outcomes.length === 0) return;
  // A lost answer makes the same rows come again.
  await session.query(
    `INSERT INTO drizzle_fleet.outcomes (rollout, service, tenant, schema, wave, status, applied, duration_ms, failure)
     SELECT $1, service, tenant, schema, wave, status, applied, "durationMs", failure
     FROM jsonb_to_recordset($2::jsonb) AS row (service text, tenant text, schema text, wave text, status text,
       applied text[], "durationMs" integer, failure jsonb)
     ON CONFLICT DO NOTHING`,
    [rollout, JSON.stringify(outcomes)],
  );
}
