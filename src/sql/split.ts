import { FleetError } from "../core/errors.ts";
import {
  GrammarError,
  type ParsedStatement,
  parse,
  scan,
  type Token,
  type Tree,
} from "./parser.ts";
import type { SourceText } from "./source-text.ts";

/** One statement of a file: its tree, its tokens without comments, and where it stands. */
export interface RawStatement {
  readonly tree: Tree;
  readonly text: string;
  readonly tokens: readonly Token[];
  /** Byte offset of the statement in the file. Offsets in `tree` and `tokens` start from `base`. */
  readonly start: number;
  readonly base: number;
}

const breakpoint = "--> statement-breakpoint";

/**
 * Splits a file into statements with PostgreSQL's grammar. drizzle-kit's breakpoint is a comment to
 * PostgreSQL, and ends a statement that has no semicolon; inside a literal or a function body it is text.
 *
 * @param problems receives a `syntax` error with file, line and caret for each part that does not parse
 */
export function splitStatements(source: SourceText, problems: FleetError[]): RawStatement[] {
  return chunksOf(source, problems).flatMap(([start, end]) =>
    statementsIn(source, start, end, problems),
  );
}

function chunksOf(source: SourceText, problems: FleetError[]): [start: number, end: number][] {
  if (!source.text.includes(breakpoint)) return [[0, source.bytes.length]];
  const marks = tokensOrProblem(source, problems).filter(
    (token) => token.comment && token.text.startsWith(breakpoint),
  );
  const starts = [0, ...marks.map((mark) => mark.start + breakpoint.length)];
  return starts.map((start, index) => [start, marks[index]?.start ?? source.bytes.length]);
}

/** The scanner cannot say where it failed; the parser, asked about the same text, can. */
function tokensOrProblem(source: SourceText, problems: FleetError[]): Token[] {
  try {
    return scan(source.text);
  } catch (error) {
    parseOrProblem(source, 0, source.text, problems);
    if (problems.length === 0) throw error;
    return [];
  }
}

function statementsIn(
  source: SourceText,
  start: number,
  end: number,
  problems: FleetError[],
): RawStatement[] {
  const text = source.slice(start, end);
  if (text.trim() === "") return [];
  const parsed = parseOrProblem(source, start, text, problems);
  if (parsed.length === 0) return [];
  const tokens = scan(text).filter((token) => !token.comment);
  return parsed.map((statement) => {
    const own = tokens.filter(
      (token) => token.start >= statement.start && token.end <= statement.end,
    );
    const first = own[0]?.start ?? statement.start;
    return {
      tree: statement.tree,
      text: source.slice(start + first, start + statement.end).trimEnd(),
      tokens: own,
      start: start + first,
      base: start,
    };
  });
}

function parseOrProblem(
  source: SourceText,
  start: number,
  text: string,
  problems: FleetError[],
): ParsedStatement[] {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    const byte = start + Buffer.byteLength(text.slice(0, error.character));
    problems.push(
      new FleetError("syntax", error.message, {
        where: source.where(byte),
        excerpt: source.spot(byte).excerpt,
        remedy: "PostgreSQL's grammar does not accept this; correct the file. Nothing was applied.",
        cause: error,
      }),
    );
    return [];
  }
}
