import { GrammarError, parse, parsePlpgsql, type Tree } from "./parser.ts";
import { optionOf, stringOf, unwrap, walk } from "./tree.ts";

/**
 * The statements that a DO block runs, wherever they stand in it: drizzle-kit before 0.26 put types and foreign keys into
 * blocks that pass over what is there already. None for other statements, and for bodies that are not PL/pgSQL.
 */
export function statementsWithin(tree: Tree): Tree[] {
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

/** Of a statement; an expression is none. */
function treesOf(query: string): Tree[] {
  try {
    return parse(query).map(({ tree }) => tree);
  } catch (error) {
    if (error instanceof GrammarError) return [];
    throw error;
  }
}
