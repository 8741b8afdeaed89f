import { parseOne } from "../sql/parsed-text.ts";
import { unwrap } from "../sql/tree.ts";
import type { LintContext, LintedStatement, Rule, RuleFinding, Severity } from "./rule.ts";
import type { TracedMigration } from "./trace.ts";

/** A finding with its place. */
export interface LintFinding {
  readonly rule: string;
  readonly severity: Severity;
  readonly service: string;
  readonly tag: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** The statement's text. */
  readonly statement: string;
  readonly message: string;
  readonly remedy: string;
}

/** Applies rules to every statement of a migration. `loadParser()` must have been awaited. */
export function lintMigration(
  traced: TracedMigration,
  rules: readonly Rule[],
  context: LintContext,
): LintFinding[] {
  return statementsOf(traced).flatMap((statement) =>
    rules.flatMap((rule) =>
      rule.find(statement, context).map((one) => place(rule, statement, one)),
    ),
  );
}

function place(rule: Rule, { migration, statement }: LintedStatement, found: RuleFinding) {
  const { message, remedy, severity = rule.severity } = found;
  const { service, tag, file } = migration;
  return {
    ...{ rule: rule.id, severity, service, tag, file },
    ...{ line: statement.line, statement: statement.original, message, remedy },
  };
}

/** The statements with what the rules look at. */
export function statementsOf({ migration, statements }: TracedMigration): LintedStatement[] {
  const created = new Set<string>();
  const all: LintedStatement[] = [];
  let transaction: LintedStatement[] = [];
  for (const { statement, trace } of statements) {
    const [kind, body] = unwrap(parseOne(statement.original) ?? {});
    if (statement.startsSegment) transaction = [];
    const linted = {
      ...{ migration, statement, kind, body, trace },
      earlier: [...transaction],
      created: new Set(created),
    };
    all.push(linted);
    transaction.push(linted);
    const name = createdTable(kind, body);
    if (name !== undefined) created.add(name);
  }
  return all;
}

/** The table that a statement creates, without its schema. */
function createdTable(kind: string, body: TracedStatementBody): string | undefined {
  const relation =
    kind === "CreateStmt"
      ? body.relation
      : kind === "CreateTableAsStmt" && isObject(body.into)
        ? body.into.rel
        : undefined;
  if (!isObject(relation)) return undefined;
  return typeof relation.relname === "string" ? relation.relname : undefined;
}

type TracedStatementBody = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
