import { namesInList } from "./functions.ts";
import { types } from "./objects.ts";

/** Type names of the grammar that are not in the catalog, and words of PL/pgSQL declarations that are not types. */
const words =
  "alias array bigint bit boolean char character constant cursor dec decimal double exception float int integer national nchar numeric real record refcursor setof smallint varchar";

let known: ReadonlySet<string> | undefined;

/** True for a built-in type, by the names that declarations use. */
export function isTypeName(name: string): boolean {
  known ??= new Set([...namesInList(types), ...words.split(" ")]);
  return known.has(name);
}

let inCatalog: ReadonlySet<string> | undefined;

/** True for the name of a type that PostgreSQL's catalog has, so that it hides a type of the same name in a tenant schema. */
export function isCatalogType(name: string): boolean {
  inCatalog ??= new Set(namesInList(types));
  return inCatalog.has(name);
}
