import { concat, type Template } from "../core/template.ts";
import { codeTokens, GrammarError, parse, type Token, type Tree } from "./parser.ts";

/** One parsed statement. */
export class ParsedText {
  readonly tree: Tree;
  /** The statement's own text, from its first token on. */
  readonly text: string;
  /** The byte offset of the text in what was parsed; locations in `tree` count from there, too. */
  readonly offset: number;
  #tokens: readonly Token[] | undefined;

  constructor(tree: Tree, text: string, offset: number) {
    this.tree = tree;
    this.text = text;
    this.offset = offset;
  }

  /** The tokens of `text`, without comments. Most statements are never asked for theirs. */
  get tokens(): readonly Token[] {
    this.#tokens ??= codeTokens(this.text);
    return this.#tokens;
  }
}

/** What became of a text. */
export interface Neutral {
  /** The text with gaps where it named the source schema. */
  readonly sql: Template;
  /** Trees of all statements that were found in it, with placeholders in the gaps. */
  readonly trees: readonly Tree[];
  /** What cannot be proved to stay in the tenant, in words. Somebody who has read it may accept it. */
  readonly unproved: readonly string[];
  /** What names the source schema and could not be replaced: it would leave the tenant for certain. */
  readonly unreplaced: readonly string[];
  /** True when it names the one schema that it is right in, and no other can take that one's place. */
  readonly asItStands?: boolean;
  /** True for a DO block that ends the transaction it runs in. */
  readonly endsTransaction?: boolean;
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

/** The tree of a text that should hold one statement; undefined when it does not parse or holds another number. */
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
