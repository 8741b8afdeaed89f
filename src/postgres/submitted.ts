import type pg from "pg";
import { unsendableError } from "../core/sendable.ts";
import type { Sent } from "./channel.ts";
import { driver } from "./driver.ts";
import { ScriptError } from "./script-error.ts";
import { shortenServerText } from "./server-text.ts";

/** Ends the wait for an answer. */
export interface Settle {
  readonly resolve: () => void;
  readonly reject: (error: ScriptError) => void;
}

/**
 * Several statements that are sent together. Unlike the driver's own query, it counts the completed ones, so that an
 * error without a position can be located in the migration's file. It extends the driver's class because a client in
 * pipeline mode accepts no other.
 */
abstract class SentTogether extends driver.Query {
  readonly #settle: Settle;
  #completed = 0;
  #failed = false;

  constructor(settle: Settle) {
    super("");
    this.#settle = settle;
  }

  protected abstract readonly statements: readonly Sent[];
  protected abstract send(connection: pg.Connection): void;

  /** @returns the reason why nothing was sent, which the driver passes to `handleError` */
  override submit = (connection: pg.Connection): Error | undefined => {
    for (const sent of this.statements)
      for (const text of typeof sent === "string" ? [sent] : sent.values) {
        const refusal = unsendableError("the statement", text);
        if (refusal !== undefined) return refusal;
      }
    this.send(connection);
    return undefined;
  };

  handleCommandComplete(): void {
    this.#completed += 1;
  }

  handleEmptyQuery(): void {
    this.#completed += 1;
  }

  /** After an error of the server, waits for its next message: it tells whether a transaction is still open. */
  handleError(error: Error, connection: pg.Connection): void {
    this.#failed = true;
    const reject = (aborted: boolean) =>
      this.#settle.reject(new ScriptError(this.#completed, shortenServerText(error), aborted));
    if (!(error instanceof driver.DatabaseError)) {
      reject(false);
      return;
    }
    const onReady = (message: { readonly status?: string }) => {
      connection.off("end", onEnd);
      reject(message.status === "E");
    };
    const onEnd = () => {
      connection.off("readyForQuery", onReady);
      reject(false);
    };
    connection.once("readyForQuery", onReady);
    connection.once("end", onEnd);
  }

  handleReadyForQuery(): void {
    if (!this.#failed) this.#settle.resolve();
  }

  handleCopyInResponse(connection: { sendCopyFail(reason: string): void }): void {
    connection.sendCopyFail("a migration has no data stream to copy from");
  }

  // Rows of a migration's SELECT are ignored.
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleCopyData(): void {}
  handlePortalSuspended(): void {}
}

/** Several statements in one simple-protocol message. */
export class Script extends SentTogether {
  protected readonly statements: readonly [text: string];

  constructor(text: string, settle: Settle) {
    super(settle);
    this.statements = [text];
  }

  protected send(connection: pg.Connection): void {
    connection.query(this.statements[0]);
  }
}

/**
 * Statements that are each parsed when the ones before it have run, and answered together. The server sees the text of
 * each, so that an error's position is one in that statement.
 */
export class Pipeline extends SentTogether {
  protected readonly statements: readonly Sent[];

  constructor(statements: readonly Sent[], settle: Settle) {
    super(settle);
    this.statements = statements;
  }

  protected send(connection: pg.Connection): void {
    const { stream } = connection;
    // One packet instead of three for each statement.
    stream.cork();
    for (const sent of this.statements) {
      if (typeof sent === "string") {
        connection.parse({ name: "", text: sent, types: [] }, true);
        connection.bind({}, true);
      } else connection.bind({ statement: sent.prepared, values: [...sent.values] }, true);
      connection.execute({}, true);
    }
    connection.sync();
    stream.uncork();
  }
}
