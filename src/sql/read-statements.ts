import { FleetError } from "../core/errors.ts";
import type { Statement } from "../core/migration.ts";
import { type Classification, classify } from "./classify.ts";
import { type Violation, violationOf } from "./isolation.ts";
import { neutralize } from "./neutralize.ts";
import { SourceText } from "./source-text.ts";
import { type RawStatement, splitStatements } from "./split.ts";

/**
 * Turns a migration file into statements that can run in any tenant schema.
 * `loadParser()` must have been awaited.
 *
 * @param file the path to show in errors
 * @param text the file's text
 * @param sharedSchemas schemas that statements may name beside the tenant's own
 * @param problems receives an error with file, line, caret and remedy for each statement that does not parse,
 *   that leaves the tenant, or that cannot be proved to stay
 */
export function readStatements(
  file: string,
  text: string,
  sharedSchemas: readonly string[],
  problems: FleetError[],
): Statement[] {
  const source = new SourceText(file, text);
  const statements: Statement[] = [];
  const newEnumValues: string[] = [];
  let boundary = false;
  for (const raw of splitStatements(source, problems)) {
    const neutral = neutralize(raw);
    const violation = neutral === undefined ? unproved : violationOf(neutral.tree, sharedSchemas);
    const kind = classify(raw.tree);
    const refusal = violation ?? unnamedIndex(kind);
    if (neutral === undefined || refusal !== undefined) {
      problems.push(refused(source, raw, refusal ?? unproved));
      continue;
    }
    if (kind.boundary) {
      boundary = true;
      continue;
    }
    const usesNewValue =
      kind.enumValue === undefined && newEnumValues.some((value) => raw.text.includes(value));
    statements.push({
      sql: neutral.sql,
      original: raw.text,
      line: source.line(raw.start),
      transactional: kind.transactional,
      startsSegment:
        boundary ||
        usesNewValue ||
        !kind.transactional ||
        statements.at(-1)?.transactional === false,
      ...(kind.concurrentIndex === undefined ? {} : { concurrentIndex: kind.concurrentIndex }),
    });
    if (boundary || usesNewValue) newEnumValues.length = 0;
    if (kind.enumValue !== undefined) newEnumValues.push(kind.enumValue.replaceAll("'", "''"));
    boundary = false;
  }
  return statements;
}

const unproved: Violation = {
  message: 'cannot prove that the statement means the same without the schema "public"',
  remedy: 'Write the statement without "public"; names resolve in the tenant schema.',
  name: "public",
};

function unnamedIndex(kind: Classification): Violation | undefined {
  if (kind.concurrentIndex === undefined || kind.concurrentIndex.name !== "") return undefined;
  return {
    message: "an index that is built CONCURRENTLY needs a name",
    remedy: "Name it: without a name an interrupted build cannot be recognised and cleaned up.",
  };
}

function refused(source: SourceText, raw: RawStatement, violation: Violation): FleetError {
  const byte = placeOf(raw, violation.name);
  return new FleetError("isolation", violation.message, {
    where: source.where(byte),
    excerpt: source.spot(byte).excerpt,
    remedy: violation.remedy,
  });
}

/** Where the name stands, in the tokens or inside a literal or body; else where the statement begins. */
function placeOf(raw: RawStatement, name: string | undefined): number {
  if (name === undefined) return raw.start;
  const [schema = name] = name.split(".");
  const token = raw.tokens.find((candidate) =>
    candidate.text.toLowerCase().includes(schema.toLowerCase()),
  );
  if (token === undefined) return raw.start;
  const within = token.text.toLowerCase().indexOf(schema.toLowerCase());
  return raw.base + token.start + Buffer.byteLength(token.text.slice(0, within));
}
