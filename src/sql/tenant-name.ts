import { concat, fill, placeholder, type Template } from "../core/template.ts";
import { parseOne } from "./parsed-text.ts";
import type { Tree } from "./parser.ts";
import { isTree } from "./tree.ts";

/**
 * How a text names a schema: by its plain name, as catalogs store it, or quoted if needed, as `regnamespace` prints it.
 */
export type SchemaText = "plain" | "shown";

/**
 * Writes an expression whose value is a schema's name as text. A gap contains the name as a quoted identifier, whose text
 * is not the name. The expression uses `regnamespace`, which a view stores as an OID, so that it stays correct when the
 * schema is renamed.
 *
 * @param literal a string literal with the schema's name as an identifier
 */
export function nameExpression(literal: Template, as: SchemaText): Template {
  return as === "shown"
    ? concat(["(", literal, "::regnamespace::text)"])
    : concat(["(parse_ident(", literal, "::regnamespace::text))[1]"]);
}

const expressions = new Map<SchemaText, unknown>();

/** True for an expression that `nameExpression` wrote, for the tenant schema. */
export function isNameExpression(node: unknown, as: SchemaText): boolean {
  if (!isTree(node) || !("A_Indirection" in node || "TypeCast" in node)) return false;
  if (!expressions.has(as)) {
    const text = fill(nameExpression([`'${placeholder}'`], as), "");
    expressions.set(as, expressionIn(parseOne(`SELECT ${text}`)));
  }
  return isSame(node, expressions.get(as));
}

/** The one expression of a SELECT. */
export function expressionIn(tree: Tree | undefined): unknown {
  const select = isTree(tree?.SelectStmt) ? tree.SelectStmt : {};
  const [target] = Array.isArray(select.targetList) ? select.targetList : [];
  return isTree(target) && isTree(target.ResTarget) ? target.ResTarget.val : undefined;
}

/** True for trees that differ only in locations. */
function isSame(left: unknown, right: unknown): boolean {
  const bare = (_: string, value: unknown) =>
    isTree(value) ? { ...value, location: undefined } : value;
  return JSON.stringify(left, bare) === JSON.stringify(right, bare);
}
