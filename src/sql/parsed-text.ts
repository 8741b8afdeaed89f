import { concat, type Template } from "../core/template.ts";
import { codeTokens, GrammarError, parse, type Token, type Tree } from "./parser.ts";

/** One parsed statement. */
export class ParsedText {
  readonly tree: Tree;
  /** The statement's text, from its first token on. */
  readonly text: string;
  /**
   * The byte offset of the statement in the parsed text. Locations in `tree` count from the start of the parsed text.
   */
  readonly offset: number;
  #tokens: readonly Token[] | undefined;

  constructor(tree: Tree, text: string, offset: number) {
    this.tree = tree;
    this.text = text;
    this.offset = offset;
  }

  /** The tokens of `text`, without comments; computed on demand, because most statements do not need them. */
  get tokens(): readonly Token[] {
    this.#tokens ??= codeTokens(this.text);
    return this.#tokens;
  }
}

/**
 * Parses a text into its statements.
 *
 * @throws GrammarError
 */
export function parseText(text: string): ParsedText[] {
  const bytes = Buffer.from(text, "utf8");
  return parse(text).map(
    ({ tree, start, end }) =>
      new ParsedText(tree, bytes.toString("utf8", start, end).trimEnd(), start),
  );
}

/** The tree of a text with one statement; undefined when it does not parse or has more or fewer. */
export function parseOne(sql: string): Tree | undefined {
  try {
    const [statement, ...more] = parse(sql);
    return more.length === 0 ? statement?.tree : undefined;
  } catch (error) {
    if (error instanceof GrammarError) return undefined;
    throw error;
  }
}

/** A part of a text to replace, in bytes. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly replacement: Template;
}

/** Replaces parts of a text. */
export function applyEdits(text: string, edits: readonly Edit[]): Template {
  const bytes = Buffer.from(text, "utf8");
  const parts: (Template | string)[] = [];
  let from = 0;
  for (const edit of [...edits].sort((left, right) => left.start - right.start)) {
    parts.push(bytes.toString("utf8", from, edit.start), edit.replacement);
    from = edit.end;
  }
  parts.push(bytes.toString("utf8", from));
  return concat(parts);
}
