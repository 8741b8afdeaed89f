import { FleetError } from "../core/errors.ts";
import { identifierValue } from "./literals.ts";
import { scan } from "./parser.ts";
import type { SourceText } from "./source-text.ts";
import type { RawStatement } from "./split.ts";

/** A line `-- drizzle-fleet: batch 5000 by id`, which makes the statement after it run in batches. */
export interface BatchMark {
  readonly size: number;
  /** The columns of the key, in order. */
  readonly by: readonly string[];
  /** Byte offset of the line's first dash in the file. */
  readonly start: number;
}

/** The form of a mark, for remedies. */
const batchForm = "-- drizzle-fleet: batch 5000 by id";

/** The largest number of rows in a batch: more would be the long transaction that batches avoid. */
const largestBatch = 1_000_000;

/**
 * Finds the `batch` marks of a file that parses: comments between two statements. In a literal, a body or a longer comment,
 * the text has no meaning.
 *
 * @param problems receives an error for each mark that is not valid, or that no statement follows directly
 * @returns the marks by the statements that they belong to
 */
export function readBatchMarks(
  source: SourceText,
  statements: readonly RawStatement[],
  problems: FleetError[],
): ReadonlyMap<RawStatement, BatchMark> {
  const marks = new Map<RawStatement, BatchMark>();
  for (const { index, 0: line, 1: text = "" } of source.text.matchAll(markLine)) {
    const start = Buffer.byteLength(source.text.slice(0, index + line.indexOf("-")));
    const problem = (message: string, remedy: string) =>
      void problems.push(batchError(source, start, message, remedy));
    if (!isComment(source, statements, start)) continue;
    const statement = statements.find((one) => one.start > start);
    const mark = parseMark(text);
    if (statements.some((one) => one.start < start && start < endOf(one)))
      problem("this mark is inside a statement", "Move the line to before the statement.");
    else if (mark === undefined)
      problem(
        "this mark is not valid",
        `Give a number of rows, from 1 to ${largestBatch}, and the columns of a unique key, as in: ${batchForm}`,
      );
    else if (statement === undefined)
      problem("no statement follows this mark", "Move the line to before the statement.");
    else if (!changesRows(statement))
      problem("only an UPDATE or a DELETE can run in batches", "Remove the line.");
    else if (marks.has(statement))
      problem("the statement has two of these marks", "Remove one of the lines.");
    else marks.set(statement, { ...mark, start });
  }
  return marks;
}

/** An error about a statement that cannot run in batches, at its mark. */
export function batchError(
  source: SourceText,
  start: number,
  message: string,
  remedy: string,
): FleetError {
  return new FleetError("refused", message, {
    where: source.where(start),
    excerpt: source.spot(start).excerpt,
    remedy,
  });
}

const markLine = /^[ \t]*--[ \t]*drizzle-fleet:[ \t]*batch\b:?[ \t]*(.*)$/gm;

function endOf({ start, parsed }: RawStatement): number {
  return start + Buffer.byteLength(parsed.text);
}

function changesRows({ parsed }: RawStatement): boolean {
  return "UpdateStmt" in parsed.tree || "DeleteStmt" in parsed.tree;
}

/** True if a comment begins at this place: not in a literal, a body, or a longer comment. */
function isComment(
  source: SourceText,
  statements: readonly RawStatement[],
  place: number,
): boolean {
  const edges = [0, ...statements.flatMap((one) => [one.start, endOf(one)]), source.bytes.length];
  const from = edges.findLast((edge) => edge <= place) ?? 0;
  const to = edges.find((edge) => edge > place);
  return scan(source.slice(from, to ?? source.bytes.length)).some(
    ({ kind, start }) => kind === "comment" && from + start === place,
  );
}

const name = `(?:"(?:[^"]|"")+"|[\\p{L}_][\\p{L}\\p{N}_$]*)`;
const form = new RegExp(
  `^(\\d{1,9})[ \\t]+by[ \\t]+\\(?[ \\t]*(${name}(?:[ \\t]*,[ \\t]*${name})*)[ \\t]*\\)?[ \\t]*;?[ \\t]*$`,
  "iu",
);

function parseMark(text: string): Omit<BatchMark, "start"> | undefined {
  const [, number, columns = ""] = form.exec(text.trimEnd()) ?? [];
  const size = Number(number);
  if (!(size >= 1 && size <= largestBatch)) return undefined;
  const by = columns.match(new RegExp(name, "gu"))?.map(identifierValue) ?? [];
  return new Set(by).size === by.length ? { size, by } : undefined;
}
