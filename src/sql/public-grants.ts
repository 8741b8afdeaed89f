import { fill } from "../core/template.ts";
import { sameButForSchema } from "./compare-trees.ts";
import { applyEdits, ParsedText, parseOne } from "./parsed-text.ts";
import type { Tree } from "./parser.ts";
import type { SourceSchema } from "./source-schema.ts";
import { isTree, unwrap, walk } from "./tree.ts";
import type { Violation } from "./violation.ts";

/**
 * Replaces PUBLIC in a grant with the role that runs migrations, which owns the object anyway. PUBLIC is every role on
 * the server: with a grant to it, a role could use an archived tenant, and a tenant role the tables of another tenant.
 * The runner grants access to the application role.
 *
 * @returns the statement without PUBLIC; any other statement unchanged
 */
export function replacePublicGrantee(statement: ParsedText, source: SourceSchema): ParsedText {
  const places = publicGrantees(statement.tree).map((at) => at - statement.offset);
  if (places.length === 0) return statement;
  const edits = statement.tokens
    .filter(({ start }) => places.includes(start))
    .map(({ start, end }) => ({ start, end, replacement: ["CURRENT_USER"] }));
  const text = fill(applyEdits(statement.text, edits), "");
  const tree = parseOne(text);
  const same =
    tree !== undefined && sameButForSchema(withoutPublic(statement.tree), tree, { source });
  return same ? new ParsedText(tree, text, 0) : statement;
}

/** Why a grant is refused: PUBLIC cannot be replaced inside a body. */
export function publicViolation(tree: Tree): Violation | undefined {
  if (publicGrantees(tree).length === 0) return undefined;
  return {
    message: "a grant to PUBLIC gives every role on the server access to the tenant",
    remedy:
      "Remove the grant: drizzle-fleet grants access to the application role. To give another role access, grant to that role by name.",
    name: "public",
  };
}

/**
 * The offsets of PUBLIC in a grant. PostgreSQL itself lets PUBLIC use functions and types, but not without access to
 * their schema.
 */
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
