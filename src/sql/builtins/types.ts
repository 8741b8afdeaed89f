import { wordsOf } from "./functions.ts";
import { types } from "./names.ts";

/** Names of types that the grammar has besides those of the catalog, and what PL/pgSQL declares that is no type. */
const words =
  "alias array bigint bit boolean char character constant cursor dec decimal double exception float int integer national nchar numeric real record refcursor setof smallint varchar";

let known: ReadonlySet<string> | undefined;

/** True for a type that PostgreSQL brings along, by the names that declarations use. */
export function isTypeName(name: string): boolean {
  known ??= new Set([...wordsOf(types), ...words.split(" ")]);
  return known.has(name);
}
