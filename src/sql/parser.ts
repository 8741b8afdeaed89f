import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";
import * as firstLibrary from "libpg-query";
import { obstacleIn } from "../core/sendable.ts";
import { LimitError, limitOf, refuseDeep, refuseHuge, shallow, tooDeep } from "./limits.ts";

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

/** The parser's complaint, at an offset of the parsed text in characters (code points, not bytes). */
export class GrammarError extends Error {
  override readonly name = "GrammarError";
  readonly character: number;

  constructor(message: string, character: number) {
    super(message);
    this.character = character;
  }
}

/** libpg-query in use. One whose memory or stack was exhausted is in a state that nobody knows, and not asked again. */
const current = { library: firstLibrary, loaded: false, exhausted: false };

/**
 * Loads PostgreSQL's grammar (WebAssembly, some 50 ms). Call it before the functions below: once, and again before the
 * next text when one of them has thrown a LimitError; without one it does nothing then.
 */
export async function loadParser(): Promise<void> {
  if (current.loaded) return;
  // Optimising the parser's WebAssembly takes longer than a run of ours lasts, and makes nothing faster that we do
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

/** ECMAScript's loader keeps a module for ever; this one can load it anew. */
const require = createRequire(import.meta.url);

/** Asks libpg-query, which must not be asked again after an error that none of its own code has thrown. */
function asked<Result>(ask: (library: typeof firstLibrary) => Result): Result {
  if (current.exhausted) throw new LimitError("not checked: an earlier text exhausted the parser");
  try {
    return ask(current.library);
  } catch (error) {
    const limit = limitOf(error);
    if (limit !== undefined) Object.assign(current, { loaded: false, exhausted: true });
    throw limit ?? error;
  }
}

/**
 * Parses SQL as PostgreSQL does.
 *
 * @throws GrammarError where PostgreSQL itself would report a syntax error
 * @throws LimitError for what is too large or too deeply nested to be read
 */
export function parse(text: string): ParsedStatement[] {
  if (text.trim() === "") return [];
  refuseCut(text);
  refuseHuge(text);
  try {
    const bytes = Buffer.byteLength(text);
    return (asked((library) => library.parseSync(text)).stmts ?? []).map((raw) => {
      const start = raw.stmt_location ?? 0;
      const end = raw.stmt_len ? start + raw.stmt_len : bytes;
      if (end - start > shallow) refuseDeep(raw.stmt, start);
      return { tree: raw.stmt as Tree, start, end };
    });
  } catch (error) {
    if (error instanceof LimitError && error.byte === undefined)
      throw new LimitError(error.message, { byte: longestStatement(text) });
    if (!current.library.hasSqlDetails(error)) throw error;
    const character = error.sqlDetails?.cursorPosition ?? 0;
    if (/^memory exhausted/.test(error.message)) throw new LimitError(tooDeep, { character });
    throw new GrammarError(error.message, character);
  }
}

/** libpg-query reads a text as far as a NUL byte: what comes after it would be accepted without a look. */
function refuseCut(text: string): void {
  const obstacle = obstacleIn(text);
  if (obstacle === undefined) return;
  const { what, effect, at } = obstacle;
  throw new GrammarError(`${what}: ${effect}`, [...text.slice(0, at)].length);
}

/** The tokens of a text that parses, comments included. Whitespace is not a token. */
export function scan(text: string): Token[] {
  if (text.trim() === "") return [];
  refuseCut(text);
  refuseHuge(text);
  const plain = isPlain(text) ? plainTokens(text) : undefined;
  if (plain !== undefined) return plain;
  const readable = withoutControlCharacters(text);
  const bytes = readable === text ? undefined : Buffer.from(text, "utf8");
  return asked((library) => library.scanSync(readable)).tokens.map((token) => ({
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
 * Most statements hold nothing but names, numbers, operators and plain strings. Splitting those is easy, and ten
 * times cheaper than a way through the scanner's JSON; what comes of it is proved by the parser all the same.
 */
function isPlain(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is all of ASCII
  return /^[\x00-\x7f]*$/.test(text) && !/[\\$]|--|\/\*/.test(text);
}

/** The tokens of a plain text; undefined when a string has a prefix (E'', U&''), which makes it another thing. */
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

/** Behind the closing quote. A regular expression would take a stack as long as the literal has quotes. */
function endOfQuoted(text: string, start: number, quote: string): number {
  for (let at = start + 1; ; at += 2) {
    at = text.indexOf(quote, at);
    if (at < 0) return text.length;
    if (text[at + 1] !== quote) return at + 1;
  }
}

/** Where the longest statement of a text begins, in bytes, as far as that is told without the parser. */
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
 * @param statement the whole CREATE FUNCTION, CREATE PROCEDURE or DO statement
 * @returns PL/pgSQL's own tree, or undefined when libpg-query cannot read it: it knows no catalog, and takes
 *   some variables of types it does not know for something else
 * @throws LimitError for what is too large or too deeply nested to be read
 */
export function parsePlpgsql(statement: string): Tree | undefined {
  try {
    const tree = asked((library) => library.parsePlPgSQLSync(statement)) as unknown as Tree;
    refuseDeep(tree);
    return tree;
  } catch (error) {
    if (error instanceof LimitError) throw error;
    return undefined;
  }
}

// The scanner hands its tokens over as JSON and forgets to escape control characters. They can only stand in
// literals, quoted names and comments; a space of the same length keeps the offsets.
function withoutControlCharacters(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the subject here
  return text.replace(/[\u0001-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, " ");
}
