import type { Migration, Statement } from "../core/migration.ts";
import type { Tree } from "../sql/parser.ts";
import type { LockMode, StatementTrace, TracedRelation } from "./trace.ts";

/** How serious a finding is: an `error` fails the check, a `warning` only with `--strict`. */
export type Severity = "error" | "warning" | "info";

/** A statement of a migration, with everything that decides what it does to running tenants. */
export interface LintedStatement {
  readonly migration: Migration;
  readonly statement: Statement;
  /** The kind of its parse tree, such as `AlterTableStmt`. */
  readonly kind: string;
  readonly body: Tree;
  /** What it did on a server; undefined if it could not be run there, or runs outside a transaction. */
  readonly trace: StatementTrace | undefined;
  /** The statements before it in the same transaction. */
  readonly earlier: readonly LintedStatement[];
  /** Tables that the migration itself has created before: no tenant has rows in them. */
  readonly created: ReadonlySet<string>;
}

/** What a rule needs to know besides the statement. */
export interface LintContext {
  /** The size of a table in the biggest tenant, in bytes; undefined if it is not known. */
  readonly sizeOf: (table: TracedRelation) => number | undefined;
  /** Tables of this size in bytes or less are small: locking them for a scan is harmless. */
  readonly smallBytes: number;
  /** The major version of PostgreSQL. */
  readonly version: number;
}

/** What a rule found in a statement. */
export interface RuleFinding {
  readonly message: string;
  /** What to write instead: a sentence, and SQL or Drizzle code. */
  readonly remedy: string;
  /** If it differs from the rule's. */
  readonly severity?: Severity;
}

/** SQL that shows what a rule is about: its tests, and its documentation. */
export interface RuleExample {
  /** The migrations before, which create what the example uses. */
  readonly before?: string;
  readonly sql: string;
}

/** One rule. Its file is its documentation, too: the page is generated from it. */
export interface Rule {
  /** A short name in lower case with hyphens. */
  readonly id: string;
  readonly severity: Severity;
  /** What it finds, as a sentence without a period. */
  readonly summary: string;
  /** Why that is a problem with running tenants, in one paragraph. */
  readonly why: string;
  readonly bad: readonly [RuleExample, ...RuleExample[]];
  readonly good: readonly [RuleExample, ...RuleExample[]];
  /** Looks at one statement. */
  find(statement: LintedStatement, context: LintContext): readonly RuleFinding[];
}

/** The name of a relation, with its schema if that is not the tenant's. */
export function nameOf({ schema, name }: TracedRelation): string {
  return schema === undefined ? name : `${schema}.${name}`;
}

/** Modes that block at least writes of other sessions. */
export const blocksWrites: ReadonlySet<LockMode> = new Set([
  ...(["ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"] as const),
]);
