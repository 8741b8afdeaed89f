import { type ConstantText, constantText, isConcatenation } from "./constants.ts";
import type { Tree } from "./parser.ts";
import { isTree, namesOf } from "./tree.ts";

/** A part of a text that an expression puts together. */
export type Part =
  | {
      readonly kind: "text";
      readonly value: string;
      /** Where its constants stand in the expression, in bytes. */
      readonly locations: readonly number[];
      /** The format() whose string it is a part of. */
      readonly format: Tree | undefined;
    }
  | {
      readonly kind: "hole";
      /** What it adds: an identifier, a literal, or any text. */
      readonly adds: "name" | "value" | "text";
      readonly expression: unknown;
      /** How format() spells it, and which. */
      readonly spelled: string;
      readonly format: Tree | undefined;
    };

/** What an expression puts together from constants and from what is known only when it runs. */
export function partsOf(node: unknown): Part[] {
  const constant = constantText(node);
  if (constant !== undefined)
    return constant.value === "" ? [] : [{ kind: "text", ...constant, format: undefined }];
  if (!isTree(node)) return [hole("text", node)];
  if (isTree(node.A_Expr) && isConcatenation(node.A_Expr))
    return joined([...partsOf(node.A_Expr.lexpr), ...partsOf(node.A_Expr.rexpr)]);
  if (!isTree(node.FuncCall)) return [hole("text", node)];
  const name = namesOf(node.FuncCall.funcname)?.at(-1) ?? "";
  const args: readonly unknown[] = Array.isArray(node.FuncCall.args) ? node.FuncCall.args : [];
  if (name === "concat") return joined(args.flatMap(partsOf));
  if (name === "quote_ident") return [hole("name", args[0])];
  if (/^quote_(literal|nullable)$/.test(name)) return [hole("value", args[0])];
  const string = name === "format" ? constantText(args[0]) : undefined;
  return string === undefined ? [hole("text", node)] : formatParts(node.FuncCall, string, args);
}

function hole(
  adds: "name" | "value" | "text",
  expression: unknown,
  spelled = "",
  format?: Tree,
): Part {
  return { kind: "hole", adds, expression, spelled, format };
}

/** Constants beside each other are one. */
function joined(parts: readonly Part[]): Part[] {
  const found: Part[] = [];
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

/** format()'s own syntax: PostgreSQL, "String Functions", `format`. */
const specifier = /%(?:%|(\d+\$)?(-?(?:\*(?:\d+\$)?|\d+)?)([sIL]))/g;

function formatParts(format: Tree, string: ConstantText, args: readonly unknown[]): Part[] {
  const parts: Part[] = [];
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

/** A text in the string of a format(), where a percent sign is written twice. */
export function escapedForFormat(text: string): string {
  return text.replaceAll("%", "%%");
}
