import { fill } from "../core/template.ts";
import { sameButForSchema } from "./compare.ts";
import { applyEdits, ParsedText, parseOne } from "./parsed-text.ts";
import type { Tree } from "./parser.ts";
import type { SourceSchema } from "./source-schema.ts";
import { isTree, unwrap, walk } from "./tree.ts";
import type { Violation } from "./violation.ts";

/**
 * PUBLIC is every role of the server: granted something, it could use an archived tenant, and with a role for each tenant
 * every other tenant's. In its place stands the role that migrates, which owns the object anyway. The application's role
 * is let in by the runner.
 *
 * @returns the statement without PUBLIC; any other statement as it is
 */
export function keepFromPublic(statement: ParsedText, source: SourceSchema): ParsedText {
  const places = publicGrantees(statement.tree).map((at) => at - statement.offset);
  if (places.length === 0) return statement;
  const edits = statement.tokens
    .filter(({ start }) => places.includes(start))
    .map(({ start, end }) => ({ start, end, replacement: ["CURRENT_USER"] }));
  const text = fill(applyEdits(statement.text, edits), "");
  const tree = parseOne(text);
  const same =
    tree !== undefined &&
    sameButForSchema(withoutPublic(statement.tree), tree, source, () => false);
  return same ? new ParsedText(tree, text, 0) : statement;
}

/** Why a grant may not run: one to PUBLIC inside a body, where it cannot be replaced. */
export function publicViolation(tree: Tree): Violation | undefined {
  if (publicGrantees(tree).length === 0) return undefined;
  return {
    message: "a grant to PUBLIC opens the tenant to every role of the server",
    remedy:
      "Remove it: the runner lets the application's role in. Grant to a role by its name if another needs access.",
    name: "public",
  };
}

/** Where a grant names PUBLIC. PostgreSQL itself lets PUBLIC use functions and types; the schema keeps it out. */
function publicGrantees(tree: Tree): number[] {
  const [kind, body] = unwrap(tree);
  const grant = kind === "AlterDefaultPrivilegesStmt" && isTree(body.action) ? body.action : body;
  if (kind !== "GrantStmt" && kind !== "AlterDefaultPrivilegesStmt") return [];
  if (
    grant.is_grant !== true ||
    /FUNCTION|PROCEDURE|ROUTINE|TYPE|DOMAIN/.test(String(grant.objtype))
  )
    return [];
  const places: number[] = [];
  walk(grant.grantees, (node) => {
    if (node.roletype === "ROLESPEC_PUBLIC") places.push(Number(node.location ?? 0));
  });
  return places;
}

function withoutPublic(tree: Tree): Tree {
  return JSON.parse(
    JSON.stringify(tree).replaceAll('"ROLESPEC_PUBLIC"', '"ROLESPEC_CURRENT_USER"'),
  );
}
