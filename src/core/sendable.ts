import { FleetError } from "./errors.ts";

/** PostgreSQL cuts a longer name without an error (NAMEDATALEN - 1), and it would be another one's; in bytes. */
export const longestName = 63;

/** What keeps a text from reaching PostgreSQL, its parser or psql as it is. */
export interface Obstacle {
  /** In words: `a NUL byte`. */
  readonly what: string;
  /** What would become of the text, in words. */
  readonly effect: string;
  /** Where, as an offset of the text in UTF-16 code units. */
  readonly at: number;
}

const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/**
 * Finds what would be cut or replaced on the way. The protocol, libpq, libpg-query and psql end a text at a NUL byte;
 * half of a surrogate pair has no UTF-8.
 *
 * @returns undefined for a text that arrives as it is
 */
export function obstacleIn(text: string): Obstacle | undefined {
  const nul = text.indexOf("\0");
  if (nul >= 0)
    return { what: "a NUL byte", effect: "PostgreSQL would cut the text off there", at: nul };
  // Most texts hold no surrogate at all, and this search is many times faster.
  if (!/[\ud800-\udfff]/.test(text)) return undefined;
  const half = text.search(loneSurrogate);
  if (half < 0) return undefined;
  return {
    what: "an unpaired surrogate",
    effect: "the server would receive a different character",
    at: half,
  };
}

/**
 * Refuses a text that would not arrive as it is.
 *
 * @param what the text, as a person calls it: `the password`
 * @throws FleetError `refused`; it quotes nothing of the text
 */
export function refuseUnsendable(what: string, text: string): void {
  const refusal = unsendableError(what, text);
  if (refusal !== undefined) throw refusal;
}

/** As `refuseUnsendable`, for a statement and the values of its parameters that are text. */
export function refuseUnsendableQuery(text: string, values: readonly unknown[]): void {
  refuseUnsendable("the statement", text);
  for (const value of values) if (typeof value === "string") refuseUnsendable("a value", value);
}

/** As `refuseUnsendable`, for an error that is not thrown. */
export function unsendableError(what: string, text: string): FleetError | undefined {
  const obstacle = obstacleIn(text);
  if (obstacle === undefined) return undefined;
  const { what: found, effect, at } = obstacle;
  return new FleetError("refused", `${what} holds ${found} at character ${at + 1}: ${effect}`, {
    remedy: "Remove it. Nothing was sent.",
  });
}
