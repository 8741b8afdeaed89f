import { quoteIdentifier as quoted } from "../core/quoting.ts";
import { isTree, unwrap } from "../sql/tree.ts";
import type { DraftStatement } from "./draft-statement.ts";

/** The names in a command of an ALTER TABLE: `table` and `column` are quoted. */
export interface AlterCommand {
  readonly table: string;
  readonly tableName: string;
  readonly column: string;
  readonly columnName: string;
  /** The name of the column or the constraint. */
  readonly name: string;
}

/** The only command of an ALTER TABLE if it is of this kind; otherwise undefined. */
export function commandIn({ tree }: DraftStatement, subtype: string): AlterCommand | undefined {
  const [kind, body] = unwrap(tree);
  if (kind !== "AlterTableStmt" || !Array.isArray(body.cmds) || body.cmds.length !== 1)
    return undefined;
  const [item] = body.cmds as unknown[];
  const command = isTree(item) && isTree(item.AlterTableCmd) ? item.AlterTableCmd : {};
  if (command.subtype !== subtype || !isTree(body.relation)) return undefined;
  const definition = isTree(command.def) ? unwrap(command.def)[1] : {};
  const tableName = String(body.relation.relname);
  const columnName = String(command.name ?? definition.colname ?? definition.conname ?? "");
  return {
    table: quoted(tableName),
    tableName,
    column: quoted(columnName),
    columnName,
    name: columnName,
  };
}
