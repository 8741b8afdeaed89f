import { concat, fill, placeholder, type Template } from "../core/template.ts";
import { parseOne } from "./parsed-text.ts";
import type { Tree } from "./parser.ts";
import { isTree } from "./tree.ts";

/** How a text may name a schema: by its plain name, as catalogs keep it, or quoted where needed, as `regnamespace` shows it. */
export type SchemaText = "plain" | "shown";

/**
 * Writes an expression whose value is a schema's name as text. A gap holds the name as a quoted identifier, which as a
 * text would be another value. The name goes through `regnamespace`, which a view keeps as an OID: so it stays right
 * when the schema is renamed.
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

/** True for trees that differ in places alone. */
function isSame(left: unknown, right: unknown): boolean {
  const bare = (_: string, value: unknown) =>
    isTree(value) ? { ...value, location: undefined } : value;
  return JSON.stringify(left, bare) === JSON.stringify(right, bare);
}
