/** More nested than this, counted in nodes of the parse tree, is not read: some 2,000 operators in a row. */
const deepest = 4_000;

/** A statement of fewer bytes than this cannot nest so deeply, and is not measured. */
export const shallow = 2_000;

/** A text of more characters, or of more words and signs outside of literals, is not read: it takes about 170 bytes for each. */
const longest = 64 * 1024 * 1024;
const mostTokens = 2_000_000;

export const tooDeep = "an expression or a list is nested too deeply";

/** PostgreSQL may accept it; reading it takes more memory or stack than there is, or than it should take. */
export class LimitError extends Error {
  override readonly name = "LimitError";
  /** Where, as an offset of the text in characters or in bytes; its beginning, when neither is known. */
  readonly character: number | undefined;
  readonly byte: number | undefined;

  constructor(message: string, place: { character?: number; byte?: number } = {}) {
    super(message);
    this.character = place.character;
    this.byte = place.byte;
  }
}

/** What can be done about a statement that is beyond a limit. */
export const limitRemedy =
  "Split it: several statements with a breakpoint between them, a table of values instead of a chain of operators, or a seed for much data. Nothing was applied.";

/**
 * Refuses a text before it is parsed.
 *
 * @throws LimitError
 */
export function refuseHuge(text: string): void {
  if (text.length < mostTokens) return;
  if (text.length > longest)
    throw new LimitError(`a statement of ${megabytes(text.length)} MB is too large to be read`);
  let tokens = 0;
  for (const _ of text.replace(/'[^']*'/g, "'").matchAll(/\w+|[^\s\w']/g)) {
    tokens += 1;
    if (tokens > mostTokens)
      throw new LimitError(
        `${megabytes(text.length)} MB with more than ${mostTokens} words and signs are too much to be read at once`,
      );
  }
}

/**
 * Refuses a tree that is nested so deeply that walking it would exhaust the stack.
 *
 * @param byte where its statement stands in the parsed text
 * @throws LimitError
 */
export function refuseDeep(tree: unknown, byte = 0): void {
  if (isTooDeep(tree)) throw new LimitError(tooDeep, { byte });
}

/** True for what is nested so deeply that a function that calls itself cannot walk it. */
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

/** The limit that an error is a sign of; undefined for any other error. */
export function limitOf(error: unknown): LimitError | undefined {
  if (error instanceof RangeError) return new LimitError(tooDeep);
  const message = error instanceof Error ? error.message : "";
  const memory = /out of memory|memory allocation failed|string longer than/i.test(message);
  if (memory || (error instanceof Error && error.name === "RuntimeError"))
    return new LimitError("a statement is too large to be read");
  return undefined;
}

function megabytes(characters: number): string {
  return (characters / (1024 * 1024)).toFixed(0);
}
