/** Why a statement may not run for a tenant. */
export interface Violation {
  readonly message: string;
  readonly remedy: string;
  /** The name to point the caret at, if the statement spells it. */
  readonly name?: string;
}
