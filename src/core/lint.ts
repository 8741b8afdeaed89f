/** How serious a finding of `lint` is. */
export type LintSeverity = "error" | "warning" | "info";

/** What a rule of `lint` found in a statement of a migration. */
export interface StatementFinding {
  /** The id of the rule. */
  readonly rule: string;
  /** An `error` fails the run, a `warning` only with `strict`. */
  readonly severity: LintSeverity;
  readonly service: string;
  /** The migration. */
  readonly tag: string;
  /** The migration's file, relative to the current folder. */
  readonly file: string;
  /** The line of the statement, from 1. */
  readonly line: number;
  /** The text of the statement. */
  readonly statement: string;
  readonly message: string;
  /** What to write instead. */
  readonly remedy: string;
  /** The page that explains the rule. */
  readonly url: string;
}

/** A table, and what a statement does to it. */
export interface AffectedTable {
  /** Its name, with the schema if that is not the tenant's. */
  readonly table: string;
  /** The size in the biggest tenant, in bytes, if it is known. */
  readonly bytes?: number;
}

/** What a statement does on a server. */
export interface ExplainedStatement {
  readonly service: string;
  readonly tag: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly statement: string;
  /**
   * `traced`: it was run. `alone`: it runs outside a transaction, and was not traced. `failed`: it, or a statement before it,
   * could not be run. `untraced`: there was no server.
   */
  readonly trace: "traced" | "alone" | "failed" | "untraced";
  /** True if what it does can depend on rows or is built when it runs, so a trace on empty tables may not show all of it. */
  readonly opaque: boolean;
  /** The strongest lock that it takes on existing tables, and the tables; undefined if it takes none, or is not traced. */
  readonly lock?: { readonly mode: string; readonly tables: readonly string[] };
  /** Tables that it writes anew. */
  readonly rewrites: readonly AffectedTable[];
  /** Tables that it reads completely. */
  readonly scans: readonly AffectedTable[];
  /** About how long that takes in the biggest tenant, in milliseconds, if the sizes of all these tables are known. */
  readonly aboutMs?: number;
}

/** Which migrations were looked at. */
export type LintSelection =
  /** Those whose files are not in this commit. `name` is the branch that it was found by, or the given ref. */
  | { readonly kind: "since"; readonly name: string; readonly commit: string }
  /** Those that a tenant misses. */
  | { readonly kind: "pending" }
  /** All: because that was asked for, or because there is nothing to compare with. */
  | { readonly kind: "all"; readonly reason?: string };

/** What `lint` found. */
export interface LintResult {
  readonly selection: LintSelection;
  /** The migrations that were looked at. */
  readonly migrations: readonly { readonly service: string; readonly tag: string }[];
  /** By file and line. */
  readonly findings: readonly StatementFinding[];
  /** Services whose statements were not traced, or not all of them, with the reason. */
  readonly untraced: readonly { readonly service: string; readonly reason: string }[];
  /** What each statement does; only if it was asked for. */
  readonly statements?: readonly ExplainedStatement[];
}
