import type pg from "pg";
import { NotRunError, NotSentError, withAnswerTimeout } from "./answer.ts";
import type { PipelineOptions, Sent } from "./channel.ts";
import { ScriptError } from "./script-error.ts";
import { Pipeline, Script, type Settle } from "./submitted.ts";

/** The connection of a sender. */
interface Connection {
  /** True when nothing more can be sent. */
  readonly lost: boolean;
  close(): Promise<void>;
}

/** Sends statements that are answered together. What is sent is answered in the same order. */
export class Sender {
  readonly #client: pg.Client;
  readonly #connection: Connection;
  readonly #answerWithinMs: number;
  /** Resolves when everything that was sent is answered; undefined if nothing is unanswered. */
  #answered: Promise<void> | undefined;
  /** How many pipelines failed. */
  #failures = 0;
  /** How many of them were rolled back. A pipeline that was sent before that was not run. */
  #rollbacks = 0;
  /** The last rollback of a failed pipeline. */
  #recovery: Promise<void> | undefined;
  /** What has prepared the session, see `PipelineOptions.prepared`; undefined when anything else was sent since. */
  #prepared: string | undefined;

  constructor(client: pg.Client, connection: Connection, answerWithinMs: number) {
    this.#client = client;
    this.#connection = connection;
    this.#answerWithinMs = answerWithinMs;
  }

  /** Number of pipelines that failed so far. It changes before their transaction is rolled back. */
  get failures(): number {
    return this.#failures;
  }

  /** Notes that something was sent past the sender, which may change the session. */
  noteOther(): void {
    this.#prepared = undefined;
  }

  /** See `Session.script`. */
  script(sql: string, withinMs = this.#answerWithinMs): Promise<void> {
    return this.#submit((settle) => new Script(sql, settle), withinMs);
  }

  /**
   * See `Session.pipeline`.
   *
   * @param options `recoverAlways`: also after an error that leaves no transaction open
   */
  async pipeline(
    statements: readonly Sent[],
    options: PipelineOptions & { readonly recoverAlways: boolean },
  ): Promise<void> {
    const { withinMs = this.#answerWithinMs, prepared } = options;
    const rollbacks = this.#rollbacks;
    const preparing =
      prepared === undefined || prepared === this.#prepared ? undefined : this.script(prepared);
    // The pipeline fails with it, and then reports its error.
    preparing?.catch(() => undefined);
    try {
      const answer = this.#submit((settle) => new Pipeline(statements, settle), withinMs);
      this.#prepared = prepared;
      await answer;
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      this.#failures += 1;
      const follows = rollbacks !== this.#rollbacks;
      if (!follows && (error.aborted || options.recoverAlways)) this.#recover(options.recover);
      await this.#recovery;
      await preparing?.catch(throwAsFirst);
      throw follows && error.aborted ? new ScriptError(0, new NotRunError()) : error;
    }
  }

  #recover(sql = "ROLLBACK"): void {
    this.#rollbacks += 1;
    this.#recovery = this.script(sql).catch(() => this.#connection.close());
  }

  async #submit(make: (settle: Settle) => pg.Submittable, withinMs: number): Promise<void> {
    if (this.#connection.lost) throw new ScriptError(0, new NotSentError());
    this.#prepared = undefined;
    const before = this.#answered;
    const answer = new Promise<void>((resolve, reject) => {
      this.#client.query(make({ resolve, reject }));
    });
    // The server begins with it when it has answered what was sent before.
    const answered = withAnswerTimeout(this.#client, answer, withinMs, before);
    const settled = answered.then(noop, noop).then(() => {
      if (this.#answered === settled) this.#answered = undefined;
    });
    this.#answered = settled;
    return answered;
  }
}

/** None of the statements that the preparation was for has run. */
function throwAsFirst(error: unknown): never {
  throw error instanceof ScriptError ? new ScriptError(0, error.cause, error.aborted) : error;
}

function noop(): void {}
