import { FleetError } from "./errors.ts";

/**
 * The longest name in bytes (NAMEDATALEN - 1). PostgreSQL truncates a longer one without an error, which can make it
 * equal to another.
 */
export const longestName = 63;

/** What prevents a text from reaching PostgreSQL, its parser or psql unchanged. */
export interface Obstacle {
  /** In words: `a NUL byte`. */
  readonly what: string;
  /** What would happen to the text, in words. */
  readonly effect: string;
  /** The offset in the text, in UTF-16 code units. */
  readonly at: number;
}

const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/**
 * Finds what would truncate or change a text on the way. The protocol, libpq, libpg-query and psql end a text at a NUL
 * byte, and half of a surrogate pair has no encoding in UTF-8.
 *
 * @returns undefined for a text that arrives unchanged
 */
export function obstacleIn(text: string): Obstacle | undefined {
  const nul = text.indexOf("\0");
  if (nul >= 0)
    return { what: "a NUL byte", effect: "PostgreSQL would truncate the text there", at: nul };
  // Most texts contain no surrogate, and this search is many times faster.
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
 * Refuses a text that would not arrive unchanged.
 *
 * @param what the text, in words: `the password`
 * @throws FleetError `refused`; the message does not quote the text
 */
export function refuseUnsendable(what: string, text: string): void {
  const refusal = unsendableError(what, text);
  if (refusal !== undefined) throw refusal;
}

/** Refuses a statement, or a text among the values of its parameters, like `refuseUnsendable`. */
export function refuseUnsendableQuery(text: string, values: readonly unknown[]): void {
  refuseUnsendable("the statement", text);
  for (const value of values) if (typeof value === "string") refuseUnsendable("a value", value);
}

/** The error of `refuseUnsendable`, without throwing it; undefined for a text that arrives unchanged. */
export function unsendableError(what: string, text: string): FleetError | undefined {
  const obstacle = obstacleIn(text);
  if (obstacle === undefined) return undefined;
  const { what: found, effect, at } = obstacle;
  return new FleetError("refused", `${what} contains ${found} at character ${at + 1}: ${effect}`, {
    remedy: "Nothing was sent. Remove the character.",
  });
}
