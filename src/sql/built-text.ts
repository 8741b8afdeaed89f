import { type ConstantText, constantText, isConcatenation } from "./constants.ts";
import type { Tree } from "./parser.ts";
import { isTree, stringsOf } from "./tree.ts";

/** A part of a text that an expression builds. */
export type TextPart =
  | {
      readonly kind: "text";
      readonly value: string;
      /** The offsets of its constants in the expression, in bytes. */
      readonly locations: readonly number[];
      /** The format() call whose string it is a part of. */
      readonly format: Tree | undefined;
    }
  | {
      readonly kind: "hole";
      /** What it adds: an identifier, a literal, or any text. */
      readonly adds: "name" | "value" | "text";
      readonly expression: unknown;
      /** Its specifier in the string of format(), such as `%I`. */
      readonly spelled: string;
      readonly format: Tree | undefined;
    };

/** A part that is known only at run time. */
export type Hole = Extract<TextPart, { kind: "hole" }>;

/** The parts of a text that an expression builds: constants, and what is known only at run time. */
export function textPartsOf(node: unknown): TextPart[] {
  const constant = constantText(node);
  if (constant !== undefined)
    return constant.value === "" ? [] : [{ kind: "text", ...constant, format: undefined }];
  if (!isTree(node)) return [hole("text", node)];
  if (isTree(node.A_Expr) && isConcatenation(node.A_Expr))
    return joined([...textPartsOf(node.A_Expr.lexpr), ...textPartsOf(node.A_Expr.rexpr)]);
  if (!isTree(node.FuncCall)) return [hole("text", node)];
  const name = stringsOf(node.FuncCall.funcname)?.at(-1) ?? "";
  const args: readonly unknown[] = Array.isArray(node.FuncCall.args) ? node.FuncCall.args : [];
  if (name === "concat") return joined(args.flatMap(textPartsOf));
  if (name === "quote_ident") return [hole("name", args[0])];
  if (/^quote_(literal|nullable)$/.test(name)) return [hole("value", args[0])];
  const string = name === "format" ? constantText(args[0]) : undefined;
  return string === undefined ? [hole("text", node)] : formatParts(node.FuncCall, string, args);
}

function hole(adds: Hole["adds"], expression: unknown, spelled = "", format?: Tree): TextPart {
  return { kind: "hole", adds, expression, spelled, format };
}

/** Adjacent constants become one part. */
function joined(parts: readonly TextPart[]): TextPart[] {
  const found: TextPart[] = [];
  for (const part of parts) {
    const last = found.at(-1);
    if (
      part.kind === "text" &&
      last?.kind === "text" &&
      part.format === last.format &&
      part.format === undefined
    )
      found[found.length - 1] = {
        ...part,
        value: last.value + part.value,
        locations: [...last.locations, ...part.locations],
      };
    else found.push(part);
  }
  return found;
}

/** The syntax of format()'s string. Source: PostgreSQL, "String Functions", `format`. */
const specifier = /%(?:%|(\d+\$)?(-?(?:\*(?:\d+\$)?|\d+)?)([sIL]))/g;

function formatParts(format: Tree, string: ConstantText, args: readonly unknown[]): TextPart[] {
  const parts: TextPart[] = [];
  let text = "";
  let from = 0;
  let next = 0;
  const add = () => {
    if (text !== "") parts.push({ ...string, kind: "text", value: text, format });
    text = "";
  };
  for (const found of string.value.matchAll(specifier)) {
    text += string.value.slice(from, found.index);
    from = found.index + found[0].length;
    if (found[0] === "%%") {
      text += "%";
      continue;
    }
    next = found[1] === undefined ? next + 1 : Number.parseInt(found[1], 10);
    add();
    const adds = ({ I: "name", L: "value" } as const)[found[3] ?? ""] ?? "text";
    parts.push(hole(found[2] === "" ? adds : "text", args[next], found[0], format));
  }
  text += string.value.slice(from);
  add();
  return parts;
}

/** A text for the string of a format() call, in which a percent sign is doubled. */
export function escapedForFormat(text: string): string {
  return text.replaceAll("%", "%%");
}
