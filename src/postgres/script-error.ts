/** The failure of statements that were sent together. */
export class ScriptError extends Error {
  override readonly name = "ScriptError";
  /** The number of statements that completed before it. */
  readonly completed: number;
  override readonly cause: Error;
  /** True if the failure left a transaction open, which only ROLLBACK ends. */
  readonly aborted: boolean;

  constructor(completed: number, cause: Error, aborted = false) {
    super(cause.message);
    this.completed = completed;
    this.cause = cause;
    this.aborted = aborted;
  }
}
