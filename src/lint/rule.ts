import type { Migration, Statement } from "../core/migration.ts";
import type { Allowance } from "../sql/allowance.ts";
import type { Tree } from "../sql/parser.ts";
import type { SourceSchema } from "../sql/source-schema.ts";
import type { LintedSchema, TracedRelation } from "./schema.ts";
import type { LockMode, StatementTrace } from "./trace.ts";

export { nameOf } from "./schema.ts";

/** How serious a finding is: an `error` fails the check, a `warning` only with `--strict`. */
export type Severity = "error" | "warning" | "info";

/** The schema and the name of a relation. */
export type RelationName = Pick<TracedRelation, "schema" | "name">;

/** A statement of a migration, with everything that decides what it does to running tenants. */
export interface LintedStatement {
  readonly migration: Migration;
  readonly statement: Statement;
  /** The kind of its parse tree, such as `AlterTableStmt`. */
  readonly kind: string;
  readonly body: Tree;
  /** What it did on a server; undefined if it could not be run there, or runs outside a transaction. */
  readonly trace: StatementTrace | undefined;
  /** Its trace; without one, what the parse tree says about its locks, rewrites and scans. */
  readonly effects: StatementTrace;
  /** The statements before it in the same transaction. */
  readonly earlier: readonly LintedStatement[];
  /** All statements of the migration, itself included. */
  readonly all: readonly LintedStatement[];
  /** Tables that the migration itself has created before: no tenant has rows in them. */
  readonly created: ReadonlySet<string>;
  /** True if the migration itself has created this relation, so that no tenant has rows in it. */
  readonly isNew: (relation: RelationName) => boolean;
  /** The tables before and after the migration; undefined if it was not traced. */
  readonly before: LintedSchema | undefined;
  readonly after: LintedSchema | undefined;
  /** The names that the SQL uses for the tenant's schema. */
  readonly source: SourceSchema;
  readonly allowance: Allowance;
}

/** The tables and views that a release declares: their columns by their names, as PostgreSQL stores them. */
export type DeclaredTables = ReadonlyMap<string, ReadonlySet<string>>;

/** What a rule needs to know besides the statement. */
export interface LintContext {
  /** The size of a table in the biggest tenant, in bytes; undefined if it is not known. */
  readonly sizeOf: (table: TracedRelation) => number | undefined;
  /** Tables of this size in bytes or less are small: locking them for a scan is harmless. */
  readonly smallBytes: number;
  /** The major version of PostgreSQL. */
  readonly version: number;
  /**
   * What the release before a migration declares: the newest snapshot that is not new (`declaredIn`). If it is not known,
   * what exists before the migration counts as declared.
   */
  readonly declaredBefore?: (migration: Migration) => DeclaredTables | undefined;
  /** The publications that contain a table of some tenant, in addition to those of the server that traces. */
  readonly publicationsOf?: (table: RelationName) => readonly string[];
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
  /** What the server has before all tenants, such as shared tables or publications. */
  readonly server?: string;
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

/** Modes that block at least writes of other sessions. */
export const blocksWrites: ReadonlySet<LockMode> = new Set([
  ...(["ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"] as const),
]);

/** True if the table is known to be small in every tenant. */
export function isSmall(table: TracedRelation, { sizeOf, smallBytes }: LintContext): boolean {
  const size = sizeOf(table);
  return size !== undefined && size <= smallBytes;
}

/** Lowers the severity to `info` if all of the tables are known to be small. */
export function unlessSmall(
  tables: readonly TracedRelation[],
  context: LintContext,
): Pick<RuleFinding, "severity"> {
  const small = tables.length > 0 && tables.every((table) => isSmall(table, context));
  return small ? { severity: "info" } : {};
}
