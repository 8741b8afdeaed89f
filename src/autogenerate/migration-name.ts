import { parse } from "../sql/parser.ts";
import { isTree, stringsOf, unwrap } from "../sql/tree.ts";

/** A default name for a migration, from its first statement: `create_users`, `alter_users`. The parser must be loaded. */
export function migrationNameFor(statements: readonly string[]): string {
  const [tree] = statements
    .slice(0, 1)
    .flatMap((sql) => parse(sql).map((statement) => statement.tree));
  if (tree === undefined) return "changes";
  const [kind, body] = unwrap(tree);
  const verb =
    /^(Create|Drop|Alter|Rename)/.exec(kind)?.[1]?.toLowerCase() ??
    (kind === "IndexStmt" ? "index" : "change");
  const relation = body.relation;
  const named = isTree(relation) ? relation.relname : stringsOf(body.typeName)?.at(-1);
  const subject = String(named ?? "schema")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_");
  const more =
    statements.length > 1 && kind !== "CreateStmt" ? "" : statements.length > 1 ? "_and_more" : "";
  return `${verb}_${subject}${more}`.slice(0, 60);
}
