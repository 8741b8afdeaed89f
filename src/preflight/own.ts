import { FleetError } from "../core/errors.ts";
import type { Migration, Statement } from "../core/migration.ts";
import type { Allowance } from "../sql/allowance.ts";
import { parseOne } from "../sql/parsed-text.ts";
import { readStatements } from "../sql/read-statements.ts";
import type { Assertion } from "./assertion.ts";

const mark = /^[ \t]*--[ \t]*drizzle-fleet:[ \t]*assert\b:?[ \t]*(.*?);?[ \t]*$/;

/**
 * The users' own assertions in a migration: `-- drizzle-fleet: assert <query that must return no row>` in the lines before a
 * statement. `loadParser()` must have been awaited.
 *
 * @param problems receives an error for each mark that is not before a statement, or is not one query that stays in its tenant
 */
export function readOwnAssertions(
  { service, tag, file, text }: Migration,
  statements: readonly Statement[],
  allowance: Allowance,
  problems: FleetError[],
): Map<Statement, Assertion[]> {
  const found = new Map<Statement, Assertion[]>();
  if (!text.includes("drizzle-fleet:")) return found;
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    const query = mark.exec(line)?.[1];
    if (query === undefined) continue;
    const where = `${file}:${index + 1}`;
    const next = statementAfter(lines, index, statements);
    // Empty lines in front, so that errors have the right line.
    const read = readStatements(
      file,
      `${"\n".repeat(index)}${query}`,
      allowance,
      problems,
    ).statements;
    const [only, ...more] = read;
    if (next === undefined || only === undefined || more.length > 0 || !isQuery(query)) {
      const what = next === undefined ? "is not before a statement" : "is not one SELECT";
      problems.push(new FleetError("syntax", `the assertion ${what}`, { where, remedy }));
      continue;
    }
    const place = { service, tag, file, line: index + 1 };
    const message = `the assertion of the migration does not hold: ${query}`;
    const own = found.get(next) ?? [];
    found.set(next, [
      ...own,
      { place, message, remedy: "Correct these rows first.", query: only.sql },
    ]);
  }
  return found;
}

const remedy =
  "Write it on one line directly before a statement: -- drizzle-fleet: assert <query that must return no row>";

function isQuery(text: string): boolean {
  return "SelectStmt" in (parseOne(text) ?? {});
}

/** The statement that begins after a line, with only comments and empty lines in between. */
function statementAfter(
  lines: readonly string[],
  from: number,
  statements: readonly Statement[],
): Statement | undefined {
  const isBetween = (line: string | undefined) => line !== undefined && /^\s*(--.*)?$/.test(line);
  let at = from + 1;
  while (isBetween(lines[at])) at += 1;
  return statements.find(({ line }) => line === at + 1);
}
