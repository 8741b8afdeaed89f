import { constantText } from "./constants.ts";
import { identifierValue, isPlaceholder, schemaInName } from "./literals.ts";
import type { Tree } from "./parser.ts";
import type { SourceSchema } from "./source-schema.ts";
import { isNameExpression } from "./tenant-name.ts";
import { isTree } from "./tree.ts";

/** What two trees may differ in. */
export interface AllowedDifferences {
  /** The schema whose name is the placeholder in the second tree. */
  readonly source: SourceSchema;
  /** Approves two different strings under a key that were proved elsewhere, such as the text of a body. */
  readonly approves?: (before: string, after: string, key: string) => boolean;
}

/**
 * The proof that a rewritten statement is the original one: the two trees have the same shape and the same values,
 * except for strings that were the source schema, or a name in it, and are now the placeholder, or an expression for
 * the name that the placeholder represents.
 */
export function sameButForSchema(
  before: unknown,
  after: unknown,
  allowed: AllowedDifferences,
  key = "",
): boolean {
  if (Array.isArray(before) && Array.isArray(after)) {
    const same = (item: unknown, index: number) =>
      sameButForSchema(item, after[index], allowed, key);
    return before.length === after.length && before.every(same);
  }
  if (isTree(before) && isTree(after))
    return hasSameKeys(before, after, allowed) || isNameOf(before, after, allowed.source);
  if (typeof before === "string" && typeof after === "string" && before !== after)
    return (
      isRenamed(before, after, allowed.source) || allowed.approves?.(before, after, key) === true
    );
  return before === after;
}

const nameForms = ["plain", "shown"] as const;

/** True for a constant that was replaced by an expression for the same text, but with the tenant schema. */
function isNameOf({ A_Const }: Tree, after: Tree, source: SourceSchema): boolean {
  if (!isTree(A_Const) || !isTree(A_Const.sval) || "A_Const" in after) return false;
  const before = A_Const.sval.sval;
  if (source.has(before) && nameForms.some((as) => isNameExpression(after, as))) return true;
  const text = constantText(after)?.value;
  return typeof before === "string" && text !== undefined && isRenamed(before, text, source);
}

function hasSameKeys(before: Tree, after: Tree, allowed: AllowedDifferences): boolean {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].every(
    (name) => isPosition(name) || sameButForSchema(before[name], after[name], allowed, name),
  );
}

function isRenamed(before: string, after: string, source: SourceSchema): boolean {
  if (source.has(before) && isPlaceholder(after)) return true;
  // A literal that is read as an identifier as a whole.
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

/** Byte offsets change when text is replaced. */
export function isPosition(key: string): boolean {
  return /(^|_)(location|list_start|list_end)$/.test(key);
}
