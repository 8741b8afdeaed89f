import { recordHandlers } from "./exception-handlers.ts";
import { parseOne } from "./parsed-text.ts";
import { codeTokens, type Tree } from "./parser.ts";
import { walk } from "./tree.ts";

/** The same body is asked for its SQL several times. */
const parsedSql = new WeakMap<Tree, readonly (Tree | undefined)[]>();

/** The trees of the SQL in a body; undefined for each piece that does not parse as any kind of SQL. */
export function sqlIn(tree: Tree): readonly (Tree | undefined)[] {
  const before = parsedSql.get(tree);
  if (before !== undefined) return before;
  const queries = new Set<string>();
  walk(tree, (node, key) => {
    if (key === "PLpgSQL_expr" && typeof node.query === "string") queries.add(node.query);
  });
  const trees = new Map([...queries].map((query) => [query, sqlTree(query)] as const));
  recordHandlers(tree, trees);
  const found = [...trees.values()];
  parsedSql.set(tree, found);
  return found;
}

/** The trees of the SQL in a body, without the pieces that do not parse. */
export function sqlTrees(tree: Tree): Tree[] {
  return sqlIn(tree).filter((statement) => statement !== undefined);
}

/** The tree of a statement, of an expression, or of both sides of an assignment, whose target may have subscripts. */
export function sqlTree(query: string): Tree | undefined {
  const sides = assignmentSides(query);
  if (sides !== undefined) return parseOne(`SELECT ${sides.join(", ")}`);
  const attempts = [query, `SELECT ${query}`];
  // A failed attempt is expensive: the likely reading comes first.
  if (
    !/^\s*(select|insert|update|delete|with|merge|create|alter|drop|call|set|table|values)\b/i.test(
      query,
    )
  )
    attempts.reverse();
  return parseOne(attempts[0] ?? "") ?? parseOne(attempts[1] ?? "");
}

/** The two sides of `variable[subscript] := expression`; undefined for what is not an assignment. */
function assignmentSides(query: string): [target: string, value: string] | undefined {
  if (!query.includes(":=")) return undefined;
  const tokens = codeTokens(query);
  let depth = 0;
  for (const { text, start, end } of tokens) {
    if (text === "(" || text === "[") depth += 1;
    if (text === ")" || text === "]") depth -= 1;
    if (text !== ":=" || depth > 0) continue;
    const bytes = Buffer.from(query, "utf8");
    return [bytes.toString("utf8", 0, start), bytes.toString("utf8", end)];
  }
  return undefined;
}

/** The qualified types that a body names, as trees of statements. */
export function typeTrees(tree: Tree): Tree[] {
  const found: Tree[] = [];
  walk(tree, (node, key) => {
    if (
      key !== "PLpgSQL_type" ||
      typeof node.typname !== "string" ||
      !node.typname.includes(".") ||
      node.typname.includes("%")
    )
      return;
    const type = parseOne(`SELECT NULL::${node.typname}`);
    if (type !== undefined) found.push(type);
  });
  return found;
}
