import { shortened } from "../core/visible.ts";

/** What a server says in words. A message may hold a whole row or statement, and is kept for each target. */
const words = ["message", "detail", "hint", "where", "internalQuery"] as const;

/** Shortens, in place, what a server's error says to what a person reads of it: 2,000 characters each. */
export function shortenWords<Thrown>(error: Thrown): Thrown {
  if (typeof error !== "object" || error === null) return error;
  for (const name of words) {
    const text: unknown = Reflect.get(error, name);
    if (typeof text === "string") Reflect.set(error, name, shortened(text));
  }
  return error;
}

/** Throws an error with its words shortened. */
export function inShort(error: unknown): never {
  throw shortenWords(error);
}
