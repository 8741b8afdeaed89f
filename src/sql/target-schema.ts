import { fill } from "../core/template.ts";
import { applyEdits, ParsedText, parseOne } from "./parsed-text.ts";
import type { Tree } from "./parser.ts";
import type { SourceSchema } from "./source-schema.ts";
import { stringsOf, unwrap } from "./tree.ts";

/** True for a statement that creates the target's schema, or in a down drops it: both are the runner's tasks. */
export function isTargetSchemaStatement(
  tree: Tree,
  source: SourceSchema,
  isDown: boolean,
): boolean {
  const [kind, body] = unwrap(tree);
  if (kind === "CreateSchemaStmt") {
    const plain = body.schemaElts === undefined && body.authrole === undefined;
    return plain && source.has(body.schemaname);
  }
  return (
    isDown &&
    kind === "DropStmt" &&
    body.removeType === "OBJECT_SCHEMA" &&
    body.behavior === "DROP_RESTRICT" &&
    (stringsOf(body.objects) ?? [undefined]).every((name) => source.has(name))
  );
}

/** Adds IF NOT EXISTS to a statement that creates the schema for extensions, which exists once it has an extension. */
export function createIfMissing(
  statement: ParsedText,
  extensionSchema: string | undefined,
): ParsedText {
  const [kind, body] = unwrap(statement.tree);
  const plain = kind === "CreateSchemaStmt" && body.if_not_exists !== true;
  const at = plain ? statement.tokens[1]?.end : undefined;
  if (at === undefined || body.schemaname !== extensionSchema) return statement;
  const edit = { start: at, end: at, replacement: [" IF NOT EXISTS"] };
  const text = fill(applyEdits(statement.text, [edit]), "");
  const tree = parseOne(text);
  return tree === undefined ? statement : new ParsedText(tree, text, 0);
}
