import { parseOne } from "../sql/parsed-text.ts";
import { loadParser } from "../sql/parser.ts";
import { isTree } from "../sql/tree.ts";

/**
 * Removes views that differ only in the column names of a function's row type. PostgreSQL describes a view with names
 * for the columns that the type had when the view was created; a view created from that description has names for all
 * columns of today.
 *
 * @param statements from `differingStatements`
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

/** True for equal trees; a list of a row's column names may be longer in the second one. */
function isSame(before: unknown, after: unknown, key = ""): boolean {
  if (Array.isArray(before) && Array.isArray(after)) {
    const lengthsMatch =
      key === "colnames" ? before.length <= after.length : before.length === after.length;
    return lengthsMatch && before.every((item, index) => isSame(item, after[index], key));
  }
  if (isTree(before) && isTree(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].every(
      (name) => /(^|_)(location|len)$/.test(name) || isSame(before[name], after[name], name),
    );
  }
  return before === after;
}
