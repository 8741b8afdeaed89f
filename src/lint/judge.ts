import { docsPage } from "../core/docs-page.ts";
import type { LintSeverity, StatementFinding } from "../core/lint.ts";
import type { Migration } from "../core/migration.ts";
import { quotedName } from "../core/visible.ts";
import { nearNames } from "../tenants/targets.ts";
import { type Allow, allowRules, readAllows } from "./allow.ts";
import { type LintFinding, lintMigration } from "./lint.ts";
import type { LintContext } from "./rule.ts";
import { rules } from "./rules/index.ts";
import { type LintSettings, ruleIds } from "./settings.ts";
import type { TracedMigration, TracedStatement } from "./trace.ts";

/** The page and heading that explain a rule. */
export function ruleUrl(id: string): string {
  return docsPage(`reference/lint-rules.md#${id}`);
}

/**
 * What the rules find in a migration, except what its comments allow, with the severities of the configuration. One finding for
 * each rule and statement.
 */
export function judgeMigration(
  migration: TracedMigration,
  context: LintContext,
  { severities }: LintSettings,
): StatementFinding[] {
  const found = oneForEach(lintMigration(migration, rules, context));
  const statements = migration.statements.map(({ statement }) => statement);
  const allows = readAllows(migration.migration.text, statements);
  const used = new Set<Allow>();
  const open = found.filter((finding) => {
    const matching = allows.filter((allow) => allowsFinding(allow, finding));
    for (const allow of matching) used.add(allow);
    return matching.length === 0;
  });
  const wrong = allows.flatMap((allow) => {
    const isNeeded = used.has(allow) || mayBeNeeded(migration.statements, allow);
    return allowFindings(migration.migration, allow, isNeeded);
  });
  return [...open, ...wrong]
    .flatMap((finding): StatementFinding[] => {
      const severity = severities.get(finding.rule) ?? finding.severity;
      return severity === "off" ? [] : [{ ...finding, severity, url: ruleUrl(finding.rule) }];
    })
    .sort((left, right) => left.line - right.line);
}

function allowsFinding({ rule, reason, statement }: Allow, finding: LintFinding): boolean {
  return (
    reason !== undefined &&
    rule === finding.rule &&
    statement?.line === finding.line &&
    statement.original === finding.statement
  );
}

/** True if a trace, which is missing, could show that the allow is needed. */
function mayBeNeeded(statements: readonly TracedStatement[], { statement }: Allow): boolean {
  const traced = statements.find((one) => one.statement === statement);
  return traced?.trace === undefined && traced?.statement.transactional === true;
}

const order: readonly LintSeverity[] = ["info", "warning", "error"];

/** Several findings of a rule in one statement, such as about several tables, as one. */
function oneForEach(findings: readonly LintFinding[]): LintFinding[] {
  const merged = new Map<string, LintFinding>();
  for (const finding of findings) {
    const key = JSON.stringify([finding.rule, finding.line, finding.statement]);
    const one = merged.get(key);
    merged.set(key, one === undefined ? finding : together(one, finding));
  }
  return [...merged.values()];
}

function together(one: LintFinding, other: LintFinding): LintFinding {
  const both = (left: string, right: string, between: string) =>
    left.split(between).includes(right) ? left : `${left}${between}${right}`;
  return {
    ...one,
    severity:
      order.indexOf(one.severity) < order.indexOf(other.severity) ? other.severity : one.severity,
    message: both(one.message, other.message, "; "),
    remedy: both(one.remedy, other.remedy, "\n"),
  };
}

/** What is wrong with an allow itself. */
function allowFindings(
  { service, tag, file }: Migration,
  allow: Allow,
  isUsed: boolean,
): LintFinding[] {
  const problem = problemOf(allow, isUsed);
  if (problem === undefined) return [];
  const [id, message, remedy] = problem;
  const severity = allowRules.find((rule) => rule.id === id)?.severity ?? "error";
  const { line, text } = allow;
  return [{ rule: id, severity, service, tag, file, line, statement: text, message, remedy }];
}

function problemOf(
  { rule, reason, statement }: Allow,
  isUsed: boolean,
): readonly [id: (typeof allowRules)[number]["id"], message: string, remedy: string] | undefined {
  const known = ruleIds();
  if (!known.includes(rule)) {
    const near = nearNames(rule, known);
    const message =
      rule === "" ? "the comment names no rule" : `there is no rule ${quotedName(rule)}`;
    const form = "Write: -- drizzle-fleet: allow RULE because REASON";
    return ["unknown-rule", message, near.length > 0 ? `Did you mean ${near.join(" or ")}?` : form];
  }
  if (reason === undefined)
    return [
      "allow-without-reason",
      `the comment does not say why ${rule} is allowed`,
      `Write: -- drizzle-fleet: allow ${rule} because REASON`,
    ];
  if (isUsed) return undefined;
  const where = statement === undefined ? "no statement follows it" : `${rule} finds nothing here`;
  return ["unused-allow", `the comment is not needed: ${where}`, "Remove it."];
}
