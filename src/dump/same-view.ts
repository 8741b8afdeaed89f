import { parseOne } from "../sql/parsed-text.ts";
import { loadParser } from "../sql/parser.ts";
import { isTree } from "../sql/tree.ts";

/**
 * Takes out of the statements that only one of two structures has the views that are the same all the same. A view remembers
 * the columns that a function's row type had when it was made, and is described with names for those alone; one that is made
 * from that description has names for all.
 *
 * @param statements see `unlike`: those of the first structure come before the second one's
 */
export async function withoutSameViews(statements: readonly string[]): Promise<string[]> {
  const views = new Map<string, string[]>();
  for (const statement of statements) {
    const [, name] = /^(CREATE (?:MATERIALIZED )?VIEW [^\n]*) AS\n/.exec(statement) ?? [];
    if (name !== undefined) views.set(name, [...(views.get(name) ?? []), statement]);
  }
  if (views.size === 0) return [...statements];
  await loadParser();
  const same = [...views.values()].filter(([before = "", after = "", ...more]) => {
    const trees = [parseOne(before), parseOne(after)];
    return more.length === 0 && !trees.includes(undefined) && isSame(trees[0], trees[1]);
  });
  const dropped = new Set(same.flat());
  return statements.filter((statement) => !dropped.has(statement));
}

/** The same tree, but that lists of a row's column names may go on in the second one. */
function isSame(before: unknown, after: unknown, key = ""): boolean {
  if (Array.isArray(before) && Array.isArray(after)) {
    const goesOn =
      key === "colnames" ? before.length <= after.length : before.length === after.length;
    return goesOn && before.every((item, index) => isSame(item, after[index], key));
  }
  if (isTree(before) && isTree(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].every(
      (name) => /(^|_)(location|len)$/.test(name) || isSame(before[name], after[name], name),
    );
  }
  return before === after;
}
