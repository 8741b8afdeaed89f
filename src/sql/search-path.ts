import { type ConstantString, constantIn } from "./constants.ts";
import type { Tree } from "./parser.ts";
import { isTree } from "./tree.ts";

/** The schemas of `SET search_path = a, b`, as a statement or as an option of a function. */
export function searchPathOf(set: Tree): ConstantString[] {
  const body = isTree(set.VariableSetStmt) ? set.VariableSetStmt : {};
  if (String(body.name).toLowerCase() !== "search_path" || !Array.isArray(body.args)) return [];
  return body.args.flatMap(constantIn);
}
