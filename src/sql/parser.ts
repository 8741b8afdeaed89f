import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";
import * as firstLibrary from "libpg-query";
import { obstacleIn } from "../core/sendable.ts";
import {
  LimitError,
  limitErrorFrom,
  notCheckedMessage,
  refuseTooDeep,
  refuseTooLarge,
  smallStatement,
  tooDeepMessage,
} from "./limits.ts";

/** A node of PostgreSQL's raw parse tree, as libpg-query writes it in JSON. */
export type Tree = { readonly [key: string]: unknown };

export interface ParsedStatement {
  readonly tree: Tree;
  /** Byte offsets in the parsed text, without the semicolon. */
  readonly start: number;
  readonly end: number;
}

/** A lexical token with its byte offsets. */
export interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly kind: "comment" | "string" | "other";
}

/** A syntax error, at an offset of the parsed text in characters (code points, not bytes). */
export class GrammarError extends Error {
  override readonly name = "GrammarError";
  readonly character: number;

  constructor(message: string, character: number) {
    super(message);
    this.character = character;
  }
}

/** The libpg-query in use. After it exhausted its memory or stack, its state is undefined, and it is not used again. */
const current = { library: firstLibrary, loaded: false, exhausted: false };

/**
 * Loads PostgreSQL's grammar (WebAssembly, about 50 ms). Call it before the functions below, and again before the next
 * text if one of them has thrown a LimitError; it does nothing if the grammar is loaded.
 */
export async function loadParser(): Promise<void> {
  if (current.loaded) return;
  // V8 optimizes WebAssembly in the background, which takes longer than a typical run and gains nothing for it
  // (scripts/bench-neutralize.mjs: the first round is twice as fast without).
  setFlagsFromString("--liftoff-only");
  if (current.exhausted) {
    const { resolve, cache } = require;
    delete cache[resolve("libpg-query")];
    current.library = require("libpg-query");
    current.exhausted = false;
  }
  await current.library.loadModule();
  current.loaded = true;
}

/** Unlike `import`, `require` can load a module again. */
const require = createRequire(import.meta.url);

/** Calls libpg-query, which must not be used again after an error that its own code has not thrown. */
function callLibrary<Result>(call: (library: typeof firstLibrary) => Result): Result {
  if (current.exhausted) throw new LimitError(notCheckedMessage);
  try {
    return call(current.library);
  } catch (error) {
    const limit = limitErrorFrom(error);
    if (limit !== undefined) Object.assign(current, { loaded: false, exhausted: true });
    throw limit ?? error;
  }
}

/**
 * Parses SQL as PostgreSQL does.
 *
 * @throws GrammarError where PostgreSQL itself would report a syntax error
 * @throws LimitError for a text that is too large or too deeply nested to parse
 */
export function parse(text: string): ParsedStatement[] {
  if (text.trim() === "") return [];
  refuseTruncated(text);
  refuseTooLarge(text);
  try {
    const bytes = Buffer.byteLength(text);
    return (callLibrary((library) => library.parseSync(text)).stmts ?? []).map((raw) => {
      const start = raw.stmt_location ?? 0;
      const end = raw.stmt_len ? start + raw.stmt_len : bytes;
      if (end - start > smallStatement) refuseTooDeep(raw.stmt, start);
      return { tree: raw.stmt as Tree, start, end };
    });
  } catch (error) {
    if (error instanceof LimitError && error.byte === undefined)
      throw new LimitError(error.message, { byte: longestStatement(text) });
    if (!current.library.hasSqlDetails(error)) throw error;
    const character = error.sqlDetails?.cursorPosition ?? 0;
    if (/^memory exhausted/.test(error.message))
      throw new LimitError(tooDeepMessage, { character });
    throw new GrammarError(error.message, character);
  }
}

/** libpg-query stops at a NUL byte: the text after it would be accepted unread. */
function refuseTruncated(text: string): void {
  const obstacle = obstacleIn(text);
  if (obstacle === undefined) return;
  const { what, effect, at } = obstacle;
  throw new GrammarError(`${what}: ${effect}`, [...text.slice(0, at)].length);
}

/** The tokens of a text that parses, comments included. Whitespace is not a token. */
export function scan(text: string): Token[] {
  if (text.trim() === "") return [];
  refuseTruncated(text);
  refuseTooLarge(text);
  const plain = isPlain(text) ? plainTokens(text) : undefined;
  if (plain !== undefined) return plain;
  const readable = withoutControlCharacters(text);
  const bytes = readable === text ? undefined : Buffer.from(text, "utf8");
  return callLibrary((library) => library.scanSync(readable)).tokens.map((token) => ({
    text: bytes?.toString("utf8", token.start, token.end) ?? token.text,
    start: token.start,
    end: token.end,
    kind: kindOf(token.tokenName),
  }));
}

/** The tokens of a text that parses, without its comments. */
export function codeTokens(text: string): Token[] {
  return scan(text).filter(({ kind }) => kind !== "comment");
}

/**
 * True for a text of names, numbers, operators and plain strings, like most statements. Splitting those here is ten times
 * cheaper than through the scanner's JSON, and the parser proves the result either way.
 */
function isPlain(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is all of ASCII
  return /^[\x00-\x7f]*$/.test(text) && !/[\\$]|--|\/\*/.test(text);
}

/** The tokens of a plain text; undefined if a string has a prefix (E'', U&''), which changes how it is read. */
function plainTokens(text: string): Token[] | undefined {
  const pattern = /["']|[a-z_][a-z0-9_]*|[0-9][0-9.]*|::|:=|\S/gi;
  const tokens: Token[] = [];
  for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
    const { 0: first, index: start } = found;
    const isString = first === "'";
    if (isString && /[\w&]/.test(text[start - 1] ?? "")) return undefined;
    if (isString || first === '"') pattern.lastIndex = endOfQuoted(text, start, first);
    const end = pattern.lastIndex;
    tokens.push({
      text: end - start === first.length ? first : text.slice(start, end),
      start,
      end,
      kind: isString ? "string" : "other",
    });
  }
  return tokens;
}

/** The offset after the closing quote. A regular expression would need stack for each quote in the literal. */
function endOfQuoted(text: string, start: number, quote: string): number {
  for (let at = start + 1; ; at += 2) {
    at = text.indexOf(quote, at);
    if (at < 0) return text.length;
    if (text[at + 1] !== quote) return at + 1;
  }
}

/** The byte offset of the longest statement of a text, as far as it can be found without the parser. */
function longestStatement(text: string): number {
  const tokens = isPlain(text) ? (plainTokens(text) ?? []) : [];
  const ends = tokens.filter((token) => token.text === ";").map(({ end }) => end);
  const starts = [0, ...ends];
  const lengths = starts.map((start, index) => (ends[index] ?? text.length) - start);
  return starts[lengths.indexOf(lengths.reduce((left, right) => Math.max(left, right), 0))] ?? 0;
}

function kindOf(tokenName: string): Token["kind"] {
  if (tokenName === "SQL_COMMENT" || tokenName === "C_COMMENT") return "comment";
  return tokenName === "SCONST" ? "string" : "other";
}

/**
 * Parses the body of a PL/pgSQL function.
 *
 * @param statement the complete CREATE FUNCTION, CREATE PROCEDURE or DO statement
 * @returns PL/pgSQL's own tree, or undefined if libpg-query cannot parse the body: it has no catalog, and
 *   misreads some variables of types that it does not know
 * @throws LimitError for a text that is too large or too deeply nested to parse
 */
export function parsePlpgsql(statement: string): Tree | undefined {
  try {
    const tree = callLibrary((library) => library.parsePlPgSQLSync(statement)) as unknown as Tree;
    refuseTooDeep(tree);
    return tree;
  } catch (error) {
    if (error instanceof LimitError) throw error;
    return undefined;
  }
}

// The scanner returns its tokens as JSON in which control characters are not escaped. They occur only in literals,
// quoted names and comments; a space of the same length keeps the offsets.
function withoutControlCharacters(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the subject here
  return text.replace(/[\u0001-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, " ");
}
