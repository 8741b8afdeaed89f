import type { Connection, Submittable } from "pg";
import { unsendableError } from "../core/sendable.ts";
import { shortenServerText } from "./server-text.ts";

/** A script's failure, with the number of statements that completed before it. */
export class ScriptError extends Error {
  override readonly name = "ScriptError";
  readonly completed: number;
  override readonly cause: Error;

  constructor(completed: number, cause: Error) {
    super(cause.message);
    this.completed = completed;
    this.cause = cause;
  }
}

/**
 * Several statements in one simple-protocol message. Unlike the driver's own query, it counts the completed
 * statements, so that an error without a position can be located in the migration's file.
 */
export class Script implements Submittable {
  readonly #text: string;
  readonly #resolve: () => void;
  readonly #reject: (error: ScriptError) => void;
  #completed = 0;
  #failed = false;

  constructor(text: string, resolve: () => void, reject: (error: ScriptError) => void) {
    this.#text = text;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** @returns the reason why nothing was sent, which the driver passes to `handleError` */
  submit(connection: Connection): Error | undefined {
    const refusal = unsendableError("the statement", this.#text);
    if (refusal === undefined) connection.query(this.#text);
    return refusal;
  }

  handleCommandComplete(): void {
    this.#completed += 1;
  }

  handleEmptyQuery(): void {
    this.#completed += 1;
  }

  handleError(error: Error): void {
    this.#failed = true;
    this.#reject(new ScriptError(this.#completed, shortenServerText(error)));
  }

  handleReadyForQuery(): void {
    if (!this.#failed) this.#resolve();
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
