import { FleetError } from "../core/errors.ts";
import { LimitError, limitRemedyFor } from "./limits.ts";
import { type ParsedText, parseText } from "./parsed-text.ts";
import { GrammarError, scan, type Token } from "./parser.ts";
import type { SourceText } from "./source-text.ts";

/** One statement of a file. */
export interface RawStatement {
  readonly parsed: ParsedText;
  /** Byte offset of the statement in the file. */
  readonly start: number;
}

const statementBreakpoint = "--> statement-breakpoint";

/**
 * Splits a file into statements with PostgreSQL's grammar. drizzle-kit's breakpoint, which PostgreSQL reads as a comment,
 * ends a statement that has no semicolon; inside a literal or a function body it is text.
 *
 * @param problems receives a `syntax` error with file, line and caret for each part that does not parse
 */
export function splitStatements(source: SourceText, problems: FleetError[]): RawStatement[] {
  const asWritten: FleetError[] = [];
  try {
    const statements = readChunks(source, chunksAtText(source), asWritten);
    if (asWritten.length === 0) return statements;
    // A breakpoint inside a literal leaves two halves that do not parse: the scanner finds the real breakpoints.
    const before = problems.length;
    const chunks = chunksAtComments(source, problems);
    return problems.length > before ? [] : readChunks(source, chunks, problems);
  } catch (error) {
    if (!(error instanceof LimitError)) throw error;
    // The parser may no longer be usable, so the rest of the file is not read; the file is refused in any case.
    problems.push(limitErrorAt(source, error));
    return [];
  }
}

/**
 * Runs a function on one statement of a file.
 *
 * @returns undefined if the statement exceeds a limit, which is added to the problems: the rest of the file must not
 *   be read
 */
export function withinLimits<Result>(
  source: SourceText,
  { start }: RawStatement,
  problems: FleetError[],
  read: () => Result,
): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof LimitError)) throw error;
    problems.push(limitErrorAt(source, new LimitError(error.message, { byte: start })));
    return undefined;
  }
}

/** The error for an exceeded limit, at its place in the file. */
function limitErrorAt(source: SourceText, { message, byte = 0 }: LimitError): FleetError {
  return new FleetError("syntax", message, {
    where: source.where(byte),
    excerpt: source.spot(byte).excerpt,
    remedy: limitRemedyFor(message),
  });
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
  return source.text.split(statementBreakpoint).map((chunk): Chunk => {
    const start = end;
    end += Buffer.byteLength(chunk) + statementBreakpoint.length;
    return [start, end - statementBreakpoint.length];
  });
}

function chunksAtComments(source: SourceText, problems: FleetError[]): Chunk[] {
  const marks = tokensOrProblem(source, problems).filter(
    (token) => token.kind === "comment" && token.text.startsWith(statementBreakpoint),
  );
  const starts = [0, ...marks.map((mark) => mark.start + statementBreakpoint.length)];
  return starts.map((start, index) => [start, marks[index]?.start ?? source.bytes.length]);
}

/** The scanner does not report the place of an error, so the parser reads the same text. */
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
    if (error instanceof LimitError) throw placedInFile(error, start, text);
    if (!(error instanceof GrammarError)) throw error;
    const byte = start + byteOf(text, error.character);
    problems.push(
      new FleetError("syntax", error.message, {
        where: source.where(byte),
        excerpt: source.spot(byte).excerpt,
        remedy: "PostgreSQL cannot parse this. Nothing was applied. Correct the file.",
        cause: error,
      }),
    );
    return [];
  }
}

/** The limit at its place in the file: the first token of the text, if nothing else is known. */
function placedInFile(
  { message, character, byte }: LimitError,
  start: number,
  text: string,
): LimitError {
  const within = byte ?? byteOf(text, character ?? 0);
  const blank = /^\s*/.exec(Buffer.from(text).toString("utf8", within))?.[0] ?? "";
  return new LimitError(message, { byte: start + within + Buffer.byteLength(blank) });
}

/** The byte offset of a character (code point) of a text. */
function byteOf(text: string, character: number): number {
  let units = 0;
  for (let rest = character; rest > 0 && units < text.length; rest -= 1)
    units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
  return Buffer.byteLength(text.slice(0, units));
}
