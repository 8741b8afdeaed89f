import type { Tree } from "./parser.ts";
import { isTree, stringsOf } from "./tree.ts";

/** A string constant with its byte offset in the parsed text. */
export interface ConstantString {
  readonly value: string;
  readonly location: number;
}

/** The string constants that an argument consists of, through casts, argument names and arrays. */
export function constantIn(node: unknown): ConstantString[] {
  if (!isTree(node)) return [];
  if (isTree(node.TypeCast)) return constantIn(node.TypeCast.arg);
  if (isTree(node.NamedArgExpr)) return constantIn(node.NamedArgExpr.arg);
  if (isTree(node.A_ArrayExpr) && Array.isArray(node.A_ArrayExpr.elements))
    return node.A_ArrayExpr.elements.flatMap(constantIn);
  if (!isTree(node.A_Const) || !isTree(node.A_Const.sval)) return [];
  const value = node.A_Const.sval.sval;
  const location = node.A_Const.location;
  return typeof value === "string"
    ? [{ value, location: typeof location === "number" ? location : 0 }]
    : [];
}

/** A text with a known value. */
export interface ConstantText {
  readonly value: string;
  /** The offsets of its constants in the parsed text, in bytes. */
  readonly locations: readonly number[];
}

/** The text of an expression that is a constant, or a concatenation of several. */
export function constantText(node: unknown): ConstantText | undefined {
  if (!isTree(node)) return undefined;
  if (isTree(node.TypeCast)) {
    const { typeName, arg } = node.TypeCast;
    const type =
      isTree(typeName) && typeName.typmods === undefined ? stringsOf(typeName.names)?.at(-1) : "";
    return type === "text" || type === "varchar" ? constantText(arg) : undefined;
  }
  if (isTree(node.A_Expr) && isConcatenation(node.A_Expr)) {
    const [left, right] = [constantText(node.A_Expr.lexpr), constantText(node.A_Expr.rexpr)];
    return left && right && merge(left, right);
  }
  const escaped = isTree(node.FuncCall) ? escapedName(node.FuncCall) : undefined;
  if (escaped !== undefined) return { value: escaped, locations: [] };
  const [constant] = isTree(node.A_Const) ? constantIn(node) : [];
  if (constant === undefined) return undefined;
  return { value: constant.value, locations: [constant.location] };
}

function merge(left: ConstantText, right: ConstantText): ConstantText {
  return { value: left.value + right.value, locations: [...left.locations, ...right.locations] };
}

/** The name in `replace('"name"', '%', '%%')`, which escapes it for the string of format(). */
function escapedName({ funcname, args }: Tree): string | undefined {
  if (stringsOf(funcname)?.join() !== "replace" || !Array.isArray(args)) return undefined;
  const [name, sign, twice] = args.map((arg) => constantIn(arg)[0]?.value);
  return sign === "%" && twice === "%%" ? name : undefined;
}

/** The constant at the beginning of a text that is built. */
export function leadingText(node: unknown): { text: string; inFormat: boolean } | undefined {
  if (!isTree(node)) return undefined;
  const text = constantText(node);
  if (text !== undefined) return { text: text.value, inFormat: false };
  if (isTree(node.TypeCast)) return leadingText(node.TypeCast.arg);
  if (isTree(node.A_Expr) && isConcatenation(node.A_Expr)) return leadingText(node.A_Expr.lexpr);
  const { funcname, args } = isTree(node.FuncCall) ? node.FuncCall : {};
  const name = stringsOf(funcname)?.at(-1) ?? "";
  if (!Array.isArray(args) || !/^(format|concat)$/.test(name)) return undefined;
  const first = leadingText(args[0]);
  return first && { ...first, inFormat: name === "format" };
}

/** True for `left || right`. */
export function isConcatenation({ kind, name }: Tree): boolean {
  return kind === "AEXPR_OP" && stringsOf(name)?.at(-1) === "||";
}
