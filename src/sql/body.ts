import { concat, type Template } from "../core/template.ts";
import { literalOf } from "./literals.ts";
import type { ParsedText } from "./parsed-text.ts";
import type { Token } from "./parser.ts";
import { isTree, optionOf, stringOf, stringsOf, unwrap } from "./tree.ts";

/** The body of a function, procedure or DO block, which the grammar treats as a string. */
export interface Body {
  /** In lower case. */
  readonly language: string;
  readonly token: Token;
  readonly value: string;
  /** The token with a different value. */
  readonly write: (value: Template) => Template;
}

/** The body of a statement, if it has one as a string. */
export function bodyOf(parsed: ParsedText): Body | undefined {
  const [kind, statement] = unwrap(parsed.tree);
  if (kind !== "CreateFunctionStmt" && kind !== "DoStmt") return undefined;
  const options = kind === "DoStmt" ? statement.args : statement.options;
  const as = optionOf(options, "as");
  const value = as === undefined ? undefined : textOf(as.arg);
  const location = (typeof as?.location === "number" ? as.location : 0) - parsed.offset;
  const token = parsed.tokens.find(
    ({ start, text }) => start >= location && /^([eE]?'|[uU]&'|\$)/.test(text),
  );
  if (value === undefined || token === undefined) return undefined;
  const language =
    stringOf(optionOf(options, "language")?.arg) ?? (kind === "DoStmt" ? "plpgsql" : "sql");
  const literal = literalOf(token);
  // A string with escapes is rewritten in quotes that need none.
  const write =
    literal?.write ?? ((template: Template) => concat(["$tenant$", template, "$tenant$"]));
  return { language: language.toLowerCase(), token, value, write };
}

/** The body of a DO block is a string; that of a function is a list of one, or of two in C. */
function textOf(argument: unknown): string | undefined {
  if (!isTree(argument)) return undefined;
  return (
    stringOf(argument) ?? (isTree(argument.List) ? stringsOf(argument.List.items)?.[0] : undefined)
  );
}
