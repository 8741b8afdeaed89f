import type { BatchedWork } from "../core/batch.ts";
import { fill, placeholder, type Template } from "../core/template.ts";
import type { BatchMark } from "./batch-marks.ts";
import { isPosition } from "./compare-trees.ts";
import { type ParsedText, parseOne } from "./parsed-text.ts";
import { codeTokens, type Tree } from "./parser.ts";
import type { SourceSchema } from "./source-schema.ts";
import { isTree, unwrap, walk } from "./tree.ts";

/** Why a statement cannot run in batches, and what to do. */
export interface UnfitForBatches {
  readonly message: string;
  readonly remedy: string;
}

/**
 * Prepares an UPDATE or DELETE to run in batches. Each batch is the statement with one more condition: that the key is in a
 * range. The statement's own condition stays as it is, in parentheses.
 *
 * @param statement the UPDATE or DELETE as it is in the file
 * @param sql the same statement with gaps for the tenant schema
 */
export function batchedWork(
  statement: ParsedText,
  sql: Template,
  { size, by }: BatchMark,
  source: SourceSchema,
): BatchedWork | UnfitForBatches {
  const [, body] = unwrap(statement.tree);
  const relation = isTree(body.relation) ? body.relation : {};
  const problem = unfitPart(body, by, source);
  if (problem !== undefined) return problem;
  const head = headOf(sql, body.whereClause !== undefined);
  if (head === undefined) return unfit("this statement cannot be divided into batches");
  const table = String(relation.relname);
  const alias = isTree(relation.alias) ? String(relation.alias.aliasname) : table;
  return { size, by, table, only: relation.inh !== true, alias, head };
}

export function isUnfit(work: BatchedWork | UnfitForBatches): work is UnfitForBatches {
  return "message" in work;
}

function unfit(
  message: string,
  remedy = "Remove the line, or change the statement.",
): UnfitForBatches {
  return { message, remedy };
}

/** A part of the statement that means something else, or would be lost, if it ran several times. */
function unfitPart(
  body: Tree,
  by: readonly string[],
  source: SourceSchema,
): UnfitForBatches | undefined {
  const schema = isTree(body.relation) ? body.relation.schemaname : undefined;
  if (schema !== undefined && !source.has(schema) && !source.isTarget(schema))
    return unfit("only a table of the tenant schema can be changed in batches");
  if (body.withClause !== undefined)
    return unfit("a statement with WITH cannot run in batches", "Use a subquery instead of WITH.");
  if (body.returningList !== undefined || body.returningClause !== undefined)
    return unfit("a statement with RETURNING cannot run in batches", "Remove RETURNING.");
  if (hasNode(body.whereClause, "CurrentOfExpr"))
    return unfit("a statement with CURRENT OF cannot run in batches");
  const changed = assignedColumns(body).find((column) => by.includes(column));
  if (changed !== undefined)
    return unfit(
      `the statement changes "${changed}", a column of the key that its batches go by`,
      "A row whose key changes could be changed twice. Choose another key.",
    );
  return undefined;
}

function hasNode(tree: unknown, kind: string): boolean {
  let found = false;
  walk(tree, (node) => {
    found ||= kind in node;
  });
  return found;
}

function assignedColumns({ targetList }: Tree): string[] {
  return (Array.isArray(targetList) ? targetList : []).flatMap((target) =>
    isTree(target) && isTree(target.ResTarget) ? [String(target.ResTarget.name)] : [],
  );
}

/**
 * The statement with its condition in parentheses, up to where another condition follows. Line breaks end comments, and
 * leave the lines of the statement where they are.
 *
 * @returns undefined if the result, parsed again, would not be the same statement with one more condition
 */
function headOf(sql: Template, hasCondition: boolean): Template | undefined {
  const text = fill(sql, placeholder);
  const head = hasCondition ? withParentheses(text) : `${text}\nWHERE `;
  if (head === undefined || !isSame(text, head, hasCondition)) return undefined;
  const template = head.split(placeholder);
  return template.length === sql.length ? template : undefined;
}

/** Without WITH and RETURNING, only the statement's own WHERE is outside of parentheses, and its condition is the rest. */
function withParentheses(text: string): string | undefined {
  let depth = 0;
  for (const token of codeTokens(text)) {
    if (token.text === "(" || token.text === "[") depth += 1;
    if (token.text === ")" || token.text === "]") depth -= 1;
    if (depth > 0 || !/^where$/i.test(token.text)) continue;
    const bytes = Buffer.from(text);
    return `${bytes.toString("utf8", 0, token.end)} (${bytes.toString("utf8", token.end)}\n) AND `;
  }
  return undefined;
}

/** Proves the result: with a condition that is always true, it is the statement and that condition. */
function isSame(text: string, head: string, hasCondition: boolean): boolean {
  const [before, after] = [parseOne(text), parseOne(`${head}true`)];
  if (before === undefined || after === undefined) return false;
  const [kind, old] = unwrap(before);
  const [sameKind, now] = unwrap(after);
  if (kind !== sameKind) return false;
  const { whereClause: own, ...rest } = old;
  const { whereClause: both, ...others } = now;
  return equal(rest, others) && conditionsOf(both, hasCondition ? own : undefined);
}

/** True if a condition is another one AND true. The grammar joins the parts of `(a AND b) AND c` in one list. */
function conditionsOf(both: unknown, own: unknown): boolean {
  if (own === undefined) return isTrue(both);
  const parts = partsOf(both);
  const ownParts = partsOf(own) ?? [own];
  return parts !== undefined && equal(parts.slice(0, -1), ownParts) && isTrue(parts.at(-1));
}

function partsOf(condition: unknown): readonly unknown[] | undefined {
  if (!isTree(condition) || !isTree(condition.BoolExpr)) return undefined;
  const { boolop, args } = condition.BoolExpr;
  return boolop === "AND_EXPR" && Array.isArray(args) ? args : undefined;
}

function isTrue(condition: unknown): boolean {
  const constant = isTree(condition) ? condition.A_Const : undefined;
  return isTree(constant) && isTree(constant.boolval) && constant.boolval.boolval === true;
}

/** Compares trees, but not where their parts are in the text. */
function equal(before: unknown, after: unknown): boolean {
  if (Array.isArray(before) && Array.isArray(after))
    return before.length === after.length && before.every((one, at) => equal(one, after[at]));
  if (!isTree(before) || !isTree(after)) return before === after;
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].every((key) => isPosition(key) || equal(before[key], after[key]));
}
