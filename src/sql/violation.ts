/** Why a statement may not run for a tenant. */
export interface Violation {
  readonly message: string;
  readonly remedy: string;
  /** The name to point the caret at, if the statement spells it. */
  readonly name?: string;
  /** The line of the statement's body from which on the name is looked for, as PostgreSQL counts them. */
  readonly line?: number;
}
