/** The deepest nesting that is read, in nodes of the parse tree: about 2,000 operators in a row. */
const deepest = 4_000;

/** A statement of fewer bytes cannot be nested too deeply, and is not measured. */
export const smallStatement = 2_000;

/**
 * The longest text that is read, in characters, and the most tokens outside of literals: each takes about 170 bytes of
 * memory.
 */
const longest = 64 * 1024 * 1024;
const mostTokens = 2_000_000;

export const tooDeepMessage = "an expression or a list is nested too deeply";

/** A text that takes too much memory or stack to read, although PostgreSQL may accept it. */
export class LimitError extends Error {
  override readonly name = "LimitError";
  /** The place as an offset of the text in characters or in bytes; its beginning, if neither is set. */
  readonly character: number | undefined;
  readonly byte: number | undefined;

  constructor(message: string, place: { character?: number; byte?: number } = {}) {
    super(message);
    this.character = place.character;
    this.byte = place.byte;
  }
}

/** The message for text that was not parsed because the parser cannot be used any more. */
export const notCheckedMessage = "not checked: an earlier file exhausted the parser";

/** What to do about a text that exceeds a limit, or was not checked because another one did. */
export function limitRemedyFor(message: string): string {
  return message === notCheckedMessage
    ? "Nothing was applied. Correct the file that is too large or too deeply nested, then run the same command again."
    : limitRemedy;
}

const limitRemedy =
  "Nothing was applied. Split the SQL into several statements with breakpoints between them. Use a VALUES list instead of a long chain of operators, and a seed for large amounts of data.";

/**
 * Refuses a text before it is parsed.
 *
 * @throws LimitError
 */
export function refuseTooLarge(text: string): void {
  if (text.length < mostTokens) return;
  if (text.length > longest)
    throw new LimitError(`a statement of ${megabytes(text.length)} MB is too large to parse`);
  let tokens = 0;
  for (const _ of text.replace(/'[^']*'/g, "'").matchAll(/\w+|[^\s\w']/g)) {
    tokens += 1;
    if (tokens > mostTokens)
      throw new LimitError(
        `${megabytes(text.length)} MB of SQL with more than ${mostTokens} tokens is too large to parse`,
      );
  }
}

/**
 * Refuses a tree that is nested so deeply that walking it would exhaust the stack.
 *
 * @param byte the offset of its statement in the parsed text
 * @throws LimitError
 */
export function refuseTooDeep(tree: unknown, byte = 0): void {
  if (isTooDeep(tree)) throw new LimitError(tooDeepMessage, { byte });
}

/** True for a value that is nested too deeply for a recursive function. */
export function isTooDeep(tree: unknown): boolean {
  return isDeeper(tree, deepest);
}

function isDeeper(node: unknown, levels: number): boolean {
  if (typeof node !== "object" || node === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(node)) return node.some((item) => isDeeper(item, levels - 1));
  for (const key in node) if (isDeeper(Reflect.get(node, key), levels - 1)) return true;
  return false;
}

/** The exceeded limit that an error indicates; undefined for any other error. */
export function limitErrorFrom(error: unknown): LimitError | undefined {
  if (error instanceof RangeError) return new LimitError(tooDeepMessage);
  const message = error instanceof Error ? error.message : "";
  const memory = /out of memory|memory allocation failed|string longer than/i.test(message);
  if (memory || (error instanceof Error && error.name === "RuntimeError"))
    return new LimitError("a statement is too large to parse");
  return undefined;
}

function megabytes(characters: number): string {
  return (characters / (1024 * 1024)).toFixed(0);
}
