import { duplicateState, statesHandledAround } from "./exception-handlers.ts";
import type { Tree } from "./parser.ts";
import { isTree } from "./tree.ts";

/** Statements that set privileges or a comment: run again, they set the same. */
export const setsPrivilegesOrComment = /^(Comment|Grant|AlterDefaultPrivileges)Stmt$/;

/**
 * True for a statement that does nothing when it runs again for the next tenant: because of IF NOT EXISTS or OR REPLACE,
 * because it sets what is already set, or because the body around it ignores the error about the existing object.
 */
export function isRepeatable(kind: string, body: Tree, tree: Tree): boolean {
  const state = duplicateState(kind, body);
  const handled = statesHandledAround(tree);
  if (state !== undefined && (handled.has(state) || handled.has("others"))) return true;
  if (setsPrivilegesOrComment.test(kind)) return true;
  if (kind === "CreateSchemaStmt")
    return body.if_not_exists === true && body.schemaElts === undefined;
  if (kind === "AlterEnumStmt") return body.skipIfNewValExists === true;
  if (kind === "AlterTableStmt") return addsMissingColumns(body);
  return body.if_not_exists === true || body.replace === true;
}

function addsMissingColumns({ cmds }: Tree): boolean {
  return (Array.isArray(cmds) ? cmds : []).every((item: unknown) => {
    const command = isTree(item) && isTree(item.AlterTableCmd) ? item.AlterTableCmd : {};
    return command.subtype === "AT_AddColumn" && command.missing_ok === true;
  });
}
