import { isPlaceholder, schemaInName } from "./literals.ts";
import type { SourceSchema } from "./source-schema.ts";
import { isTree } from "./tree.ts";

/** Approves a pair of different strings under a key; otherwise the rule for schema names decides. */
export type StringRule = (before: string, after: string, key: string) => boolean;

/**
 * The proof that a rewritten statement is the original one: the two trees have the same shape and the same
 * values, but for strings that were the source schema, or a name in it, and now are the placeholder.
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
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].every(
      (name) =>
        isPosition(name) || sameButForSchema(before[name], after[name], source, approves, name),
    );
  }
  if (typeof before === "string" && typeof after === "string" && before !== after) {
    return isRenamed(before, after, source) || approves(before, after, key);
  }
  return before === after;
}

function isRenamed(before: string, after: string, source: SourceSchema): boolean {
  if (source.has(before)) return isPlaceholder(after);
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
