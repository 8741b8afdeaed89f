import { shortened } from "../core/visible.ts";

/**
 * The text fields of a server's error. They can contain a complete row or statement, and are recorded for each
 * target.
 */
const textFields = ["message", "detail", "hint", "where", "internalQuery"] as const;

/** Shortens the text fields of a server's error, in place, to 2,000 characters each. */
export function shortenServerText<Thrown>(error: Thrown): Thrown {
  if (typeof error !== "object" || error === null) return error;
  for (const name of textFields) {
    const text: unknown = Reflect.get(error, name);
    if (typeof text === "string") Reflect.set(error, name, shortened(text));
  }
  return error;
}

/** Throws an error with its text fields shortened. */
export function throwShortened(error: unknown): never {
  throw shortenServerText(error);
}
