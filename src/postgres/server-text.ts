import { shortened } from "../core/visible.ts";

/** What a server says in words. A message may hold a whole row or statement, and is kept for each target. */
const textFields = ["message", "detail", "hint", "where", "internalQuery"] as const;

/** Shortens, in place, what a server's error says to what a person reads of it: 2,000 characters each. */
export function shortenServerText<Thrown>(error: Thrown): Thrown {
  if (typeof error !== "object" || error === null) return error;
  for (const name of textFields) {
    const text: unknown = Reflect.get(error, name);
    if (typeof text === "string") Reflect.set(error, name, shortened(text));
  }
  return error;
}

/** Throws an error with its words shortened. */
export function throwShortened(error: unknown): never {
  throw shortenServerText(error);
}
