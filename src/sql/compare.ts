import { constantText } from "./constants.ts";
import { identifierValue, isPlaceholder, schemaInName } from "./literals.ts";
import type { Tree } from "./parser.ts";
import type { SourceSchema } from "./source-schema.ts";
import { isNameExpression } from "./tenant-name.ts";
import { isTree } from "./tree.ts";

/** Approves a pair of different strings under a key; otherwise the rule for schema names decides. */
export type StringRule = (before: string, after: string, key: string) => boolean;

/**
 * The proof that a rewritten statement is the original one: the two trees have the same shape and the same
 * values, but for strings that were the source schema, or a name in it, and now are the placeholder, or an expression for the
 * name that it stands for.
 *
 * @param approves further differences that were proved elsewhere, such as the text of a body
 */
export function sameButForSchema(
  before: unknown,
  after: unknown,
  source: SourceSchema,
  approves: StringRule,
  key = "",
): boolean {
  if (Array.isArray(before) && Array.isArray(after)) {
    const same = (item: unknown, index: number) =>
      sameButForSchema(item, after[index], source, approves, key);
    return before.length === after.length && before.every(same);
  }
  if (isTree(before) && isTree(after)) {
    return sameKeys(before, after, source, approves) || isWritten(before, after, source);
  }
  if (typeof before === "string" && typeof after === "string" && before !== after) {
    return isRenamed(before, after, source) || approves(before, after, key);
  }
  return before === after;
}

const nameForms = ["plain", "shown"] as const;

/** True for a constant in whose place stands an expression for the same text, but with the tenant schema. */
function isWritten({ A_Const }: Tree, after: Tree, source: SourceSchema): boolean {
  if (!isTree(A_Const) || !isTree(A_Const.sval) || "A_Const" in after) return false;
  const before = A_Const.sval.sval;
  if (source.has(before) && nameForms.some((as) => isNameExpression(after, as))) return true;
  const text = constantText(after)?.value;
  return typeof before === "string" && text !== undefined && isRenamed(before, text, source);
}

function sameKeys(before: Tree, after: Tree, source: SourceSchema, approves: StringRule): boolean {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].every(
    (name) =>
      isPosition(name) || sameButForSchema(before[name], after[name], source, approves, name),
  );
}

function isRenamed(before: string, after: string, source: SourceSchema): boolean {
  if (source.has(before) && isPlaceholder(after)) return true;
  // The whole of a literal that is read as an identifier.
  if (source.has(identifierValue(before.trim())))
    return isPlaceholder(identifierValue(after.trim()));
  const [old, now] = [schemaInName(before), schemaInName(after)];
  return (
    old !== undefined &&
    source.has(old.schema) &&
    now !== undefined &&
    isPlaceholder(now.schema) &&
    old.rest === now.rest
  );
}

/** Byte offsets move when text is replaced; nothing else may. */
function isPosition(key: string): boolean {
  return /(^|_)(location|list_start|list_end)$/.test(key);
}
