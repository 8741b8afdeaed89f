import type { LintSeverity } from "../core/lint.ts";
import type { Statement } from "../core/migration.ts";
import { scan } from "../sql/parser.ts";

/** A comment that allows what a rule finds: `-- drizzle-fleet: allow RULE because REASON`. */
export interface Allow {
  /** The id of the rule; empty if the comment names none. */
  readonly rule: string;
  /** Undefined if the comment gives none. */
  readonly reason: string | undefined;
  /** The line of the comment, from 1. */
  readonly line: number;
  /** The comment. */
  readonly text: string;
  /** The statement that it is about; undefined if no statement follows it. */
  readonly statement: Statement | undefined;
}

/** What is wrong with an allow. These are rules, too: the configuration can change their severities. */
export const allowRules: readonly {
  readonly id: "allow-without-reason" | "unused-allow" | "unknown-rule";
  readonly severity: LintSeverity;
  readonly summary: string;
  readonly why: string;
}[] = [
  {
    id: "allow-without-reason",
    severity: "error",
    summary: "an allow comment gives no reason",
    why: "The reason tells the next reader why this statement is harmless here. Without one, the comment allows nothing.",
  },
  {
    id: "unused-allow",
    severity: "warning",
    summary: "an allow comment is not needed",
    why: "The rule finds nothing in the statement. The comment would hide a finding after a later change of the statement.",
  },
  {
    id: "unknown-rule",
    severity: "error",
    summary: "an allow comment names a rule that does not exist",
    why: "A misspelt comment allows nothing.",
  },
];

const pattern =
  /^--[ \t]*drizzle-fleet:[ \t]*allow\b[ \t]*(.*?)[ \t]*(?:--> statement-breakpoint)?$/;

/**
 * Finds the allow comments of a migration file. One on lines of its own is about the next statement; one after a statement on
 * the same line, or inside of it, is about that statement. `loadParser()` must have been awaited.
 *
 * @param text the file's text, which parses
 * @param statements its statements, in order
 */
export function readAllows(text: string, statements: readonly Statement[]): Allow[] {
  if (!/drizzle-fleet:[ \t]*allow\b/.test(text)) return [];
  const source = Buffer.from(text.replace(/^\uFEFF/, ""), "utf8");
  const places = placesOf(source, statements);
  return scan(source.toString("utf8")).flatMap((token) => {
    const [, words] = (token.kind === "comment" && pattern.exec(token.text.trimEnd())) || [];
    if (words === undefined) return [];
    return {
      ...parsed(words),
      line: lineOf(source, token.start),
      text: token.text.trim(),
      statement: statementAt(source, places, token.start),
    };
  });
}

function parsed(words: string): Pick<Allow, "rule" | "reason"> {
  const [, rule = "", , reason = ""] =
    /^(?!because\b)(\S*)(\s+because\b:?\s*(.*))?/.exec(words) ?? [];
  return { rule, reason: reason.trim() === "" ? undefined : reason.trim() };
}

/** A statement with its place in the file, in bytes. */
interface Place {
  readonly statement: Statement;
  readonly start: number;
  readonly end: number;
}

function placesOf(source: Buffer, statements: readonly Statement[]): Place[] {
  let from = 0;
  return statements.flatMap((statement) => {
    const start = source.indexOf(statement.original, from);
    if (start < 0) return [];
    from = start + Buffer.byteLength(statement.original);
    return { statement, start, end: from };
  });
}

function statementAt(source: Buffer, places: readonly Place[], at: number): Statement | undefined {
  const before = places.findLast(({ start }) => start < at);
  const isOnItsLine =
    before !== undefined && !source.subarray(before.end, Math.max(at, before.end)).includes(10);
  if (isOnItsLine) return before.statement;
  return places.find(({ start }) => start > at)?.statement;
}

function lineOf(source: Buffer, at: number): number {
  let line = 1;
  for (let end = source.indexOf(10); end !== -1 && end < at; end = source.indexOf(10, end + 1))
    line += 1;
  return line;
}
