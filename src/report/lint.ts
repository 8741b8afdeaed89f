import { counted } from "../core/count.ts";
import type { LintResult, LintSelection, LintSeverity, StatementFinding } from "../core/lint.ts";
import { visibleLine } from "../core/visible.ts";
import { cut } from "../core/width.ts";
import { indent } from "./errors.ts";
import { explainedText } from "./explained.ts";
import { style } from "./style.ts";

/** The findings by file, what each statement does if that was asked for, and the verdict. */
export function lintText(result: LintResult): string {
  const files = byFile(result.findings);
  return [
    ...explainedText(result.statements ?? []),
    ...[...files].flatMap(([file, findings]) => [
      style("bold", file),
      ...findings.flatMap(findingText),
      "",
    ]),
    ...(result.findings.length === 0 ? [] : [allowHint, ""]),
    ...verdict(result),
  ].join("\n");
}

const allowHint =
  "If a finding is harmless here, write above its statement: -- drizzle-fleet: allow RULE because REASON";

const marks = { error: "x", warning: "!", info: "i" } as const;

const colors = { error: "red", warning: "yellow", info: "dim" } as const;

function findingText(finding: StatementFinding): string[] {
  const { rule, severity, line, statement, message, remedy, url } = finding;
  return [
    style(colors[severity], `${marks[severity]} line ${line}: ${message} (${rule})`),
    indent(excerptOf(statement)),
    ...`-> ${remedy}`.split("\n").map((text, index) => `  ${index === 0 ? "" : "   "}${text}`),
    `     ${url}`,
  ];
}

/** The first lines of a statement. */
function excerptOf(statement: string): string {
  const lines = statement.split("\n").filter((line) => line.trim() !== "");
  const shown = lines.slice(0, 3).map((line) => `  ${cut(visibleLine(line), 110)}`);
  return [...shown, ...(lines.length > 3 ? ["  ..."] : [])].join("\n");
}

/** The same as Markdown, for a comment in a pull request: a section for each file. */
export function lintMarkdown(result: LintResult): string {
  const sections = [...byFile(result.findings)].flatMap(([file, findings]) => [
    `### ${inline(file)}`,
    "",
    ...findings.flatMap(findingMarkdown),
  ]);
  const explained = explainedText(result.statements ?? []);
  return [
    ...sections,
    ...(explained.length === 0 ? [] : [...fenced("text", explained.join("\n").trim()), ""]),
    ...(result.findings.length === 0
      ? []
      : [`To accept a finding, write above its statement: ${inline(allowForm)}`, ""]),
    ...verdict(result),
  ].join("\n");
}

const allowForm = "-- drizzle-fleet: allow RULE because REASON";

function findingMarkdown(finding: StatementFinding): string[] {
  const { rule, severity, line, statement, message, remedy, url } = finding;
  return [
    `**${severity}** [${rule}](${url}), line ${line}: ${escaped(message)}`,
    "",
    ...fenced("sql", statement),
    "",
    escaped(remedy),
    "",
  ];
}

/** A block that its text cannot end. */
function fenced(language: string, text: string): string[] {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return [`${fence}${language}`, text, fence];
}

function inline(text: string): string {
  return `\`${text.replaceAll("`", "'")}\``;
}

/** Text in which Markdown finds no HTML, mentions or emphasis. */
function escaped(text: string): string {
  return text.replace(/[\\`*_[\]<>@#|]/g, "\\$&");
}

function byFile(findings: readonly StatementFinding[]): Map<string, StatementFinding[]> {
  const files = new Map<string, StatementFinding[]>();
  for (const finding of findings)
    files.set(finding.file, [...(files.get(finding.file) ?? []), finding]);
  return files;
}

/** What was looked at, what was not, and the number of findings. */
function verdict({ selection, migrations, findings, untraced }: LintResult): string[] {
  const reasons = new Map<string, string[]>();
  for (const { service, reason } of untraced)
    reasons.set(reason, [...(reasons.get(reason) ?? []), service]);
  const notes = [...reasons].map(([reason, services]) =>
    style(
      "yellow",
      `Not traced: ${services.join(", ")} (${reason}). Locks, rewrites and scans are judged by the text of the SQL.`,
    ),
  );
  if (migrations.length === 0) return [...notes, `Nothing to lint: ${nothingText(selection)}.`];
  const looked = lookedAt(migrations.length, selection);
  const counts = (["error", "warning", "info"] as const).flatMap((severity) => {
    const count = findings.filter((one) => one.severity === severity).length;
    return count === 0 ? [] : countText(count, severity);
  });
  const isBad = findings.some(({ severity }) => severity === "error");
  return [
    ...notes,
    counts.length === 0
      ? style("green", `No findings in ${looked}.`)
      : style(isBad ? "red" : "yellow", `${counts.join(", ")} in ${looked}.`),
  ];
}

function countText(count: number, severity: LintSeverity): string {
  return severity === "info" ? counted(count, "note") : counted(count, severity);
}

/** The migrations that were looked at. */
function lookedAt(count: number, selection: LintSelection): string {
  const migrations = counted(count, "migration");
  const is = count === 1 ? "is" : "are";
  if (selection.kind === "pending") return `${migrations} that a tenant is missing`;
  if (selection.kind === "since") return `${migrations} that ${is} not in ${commitText(selection)}`;
  const reason = selection.reason === undefined ? "" : ` (${selection.reason})`;
  return `${count === 1 ? "the only migration" : `all ${migrations}`}${reason}`;
}

function nothingText(selection: LintSelection): string {
  if (selection.kind === "pending") return "no tenant is missing a migration";
  if (selection.kind === "since") return `every migration is in ${commitText(selection)}`;
  return "there is no migration";
}

function commitText({ name, commit }: Extract<LintSelection, { kind: "since" }>): string {
  const short = commit.slice(0, 7);
  return name.startsWith(short) ? short : `${name} (${short})`;
}
