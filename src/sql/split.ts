import { FleetError } from "../core/errors.ts";
import { type ParsedText, parseText } from "./parsed-text.ts";
import { GrammarError, scan, type Token } from "./parser.ts";
import type { SourceText } from "./source-text.ts";

/** One statement of a file. */
export interface RawStatement {
  readonly parsed: ParsedText;
  /** Byte offset of the statement in the file. */
  readonly start: number;
}

const breakpoint = "--> statement-breakpoint";

/**
 * Splits a file into statements with PostgreSQL's grammar. drizzle-kit's breakpoint is a comment to
 * PostgreSQL, and ends a statement that has no semicolon; inside a literal or a function body it is text.
 *
 * @param problems receives a `syntax` error with file, line and caret for each part that does not parse
 */
export function splitStatements(source: SourceText, problems: FleetError[]): RawStatement[] {
  const cut = source.bytes.indexOf(0);
  if (cut !== -1) {
    problems.push(cutOff(source, cut));
    return [];
  }
  const asWritten: FleetError[] = [];
  const statements = readChunks(source, chunksAtText(source), asWritten);
  if (asWritten.length === 0) return statements;
  // A breakpoint inside a literal leaves two halves that do not parse: then the scanner says which ones count.
  return readChunks(source, chunksAtComments(source, problems), problems);
}

/** To PostgreSQL, and to its parser, a text ends at its first NUL byte: what follows would never run. */
function cutOff(source: SourceText, byte: number): FleetError {
  return new FleetError(
    "syntax",
    "the file holds a NUL byte, where PostgreSQL would stop reading",
    {
      where: source.where(byte),
      excerpt: source.spot(byte).excerpt,
      remedy: "Remove it, or save the file as UTF-8. Nothing was applied.",
    },
  );
}

type Chunk = readonly [start: number, end: number];

function readChunks(
  source: SourceText,
  chunks: readonly Chunk[],
  problems: FleetError[],
): RawStatement[] {
  return chunks.flatMap(([start, end]) => statementsIn(source, start, end, problems));
}

function chunksAtText(source: SourceText): Chunk[] {
  let end = 0;
  return source.text.split(breakpoint).map((chunk): Chunk => {
    const start = end;
    end += Buffer.byteLength(chunk) + breakpoint.length;
    return [start, end - breakpoint.length];
  });
}

function chunksAtComments(source: SourceText, problems: FleetError[]): Chunk[] {
  const marks = tokensOrProblem(source, problems).filter(
    (token) => token.kind === "comment" && token.text.startsWith(breakpoint),
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
  return parseOrProblem(source, start, text, problems).map((parsed) => ({
    parsed,
    start: start + parsed.offset,
  }));
}

function parseOrProblem(
  source: SourceText,
  start: number,
  text: string,
  problems: FleetError[],
): ParsedText[] {
  try {
    return parseText(text);
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    const byte = start + Buffer.byteLength([...text].slice(0, error.character).join(""));
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
