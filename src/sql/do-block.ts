import { GrammarError, parse, parsePlpgsql, type Tree } from "./parser.ts";
import { optionOf, stringOf, unwrap, walk } from "./tree.ts";

/**
 * The statements that a DO block runs, at any depth: drizzle-kit before 0.26 created types and foreign keys in blocks
 * that ignore existing ones. Empty for other statements, and for bodies that are not PL/pgSQL.
 */
export function statementsInDoBlock(tree: Tree): Tree[] {
  const [kind, { args }] = unwrap(tree);
  const body = kind === "DoStmt" ? stringOf(optionOf(args, "as")?.arg) : undefined;
  if (body === undefined) return [];
  const read = parsePlpgsql(`DO '${body.replaceAll("'", "''")}'`);
  const queries = new Set<string>();
  if (read !== undefined)
    walk(read, (node, key) => {
      if (key === "PLpgSQL_expr" && typeof node.query === "string") queries.add(node.query);
    });
  return [...queries].flatMap(treesOf);
}

/** The trees of a query; none for an expression. */
function treesOf(query: string): Tree[] {
  try {
    return parse(query).map(({ tree }) => tree);
  } catch (error) {
    if (error instanceof GrammarError) return [];
    throw error;
  }
}
