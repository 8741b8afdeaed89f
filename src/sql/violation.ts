import type { SharingRules } from "./allowance.ts";
import type { Tree } from "./parser.ts";
import type { SourceSchema } from "./source-schema.ts";

/** Why a statement is refused. */
export interface Violation {
  readonly message: string;
  readonly remedy: string;
  /** The name to point the caret at, if the statement spells it. */
  readonly name?: string;
  /** The line of the statement's body at which the search for the name begins, counted as PostgreSQL does. */
  readonly line?: number;
}

/** A neutralized statement, and what it is checked against. */
export interface CheckedStatement {
  /** The statement with the placeholder for the tenant schema. */
  readonly tree: Tree;
  /** The parser's name for its kind, such as `CreateStmt`. */
  readonly kind: string;
  /** The node under the kind. */
  readonly body: Tree;
  /** What the SQL calls the tenant schema. */
  readonly source: SourceSchema;
  /** What the configuration allows in addition to the tenant's own schema. */
  readonly rules: SharingRules;
}
