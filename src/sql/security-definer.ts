import { quoteIdentifier } from "../core/quoting.ts";
import { fill } from "../core/template.ts";
import { sameButForSchema } from "./compare-trees.ts";
import { constantIn } from "./constants.ts";
import { applyEdits, ParsedText, parseOne } from "./parsed-text.ts";
import type { Token, Tree } from "./parser.ts";
import type { SourceSchema } from "./source-schema.ts";
import { isTree, optionOf, unwrap } from "./tree.ts";
import type { Violation } from "./violation.ts";

/**
 * Gives a SECURITY DEFINER function the tenant's search_path. The function runs as the role that owns every tenant:
 * without a search_path, its names are looked up along the caller's, which can lead to another tenant's tables; and if
 * pg_temp is not the last entry, the caller's temporary tables come before the tenant's. Source: PostgreSQL, CREATE
 * FUNCTION, "Writing SECURITY DEFINER Functions Safely".
 *
 * @param shared schemas that follow the tenant's own on the search_path
 * @returns the statement with the search_path; any other statement unchanged
 */
export function pinSearchPath(
  statement: ParsedText,
  source: SourceSchema,
  shared: readonly string[],
): ParsedText {
  const [kind, body] = unwrap(statement.tree);
  const options = optionsOf(kind, body);
  if (options === undefined || !mayBeDefiner(kind, options)) return statement;
  const path = pathIn(options);
  const at = path === undefined ? endOfDefiner(statement, options) : endOfPath(statement, path);
  if (at === undefined) return statement;
  const schemas = [source.first, ...shared].map(quoteIdentifier);
  const inserted =
    path === undefined ? ` SET search_path = ${schemas.join(", ")}, pg_temp` : ", pg_temp";
  const edit = { start: at, end: at, replacement: [inserted] };
  const text = fill(applyEdits(statement.text, [edit]), "");
  const tree = parseOne(text);
  const pinned = tree !== undefined && sameButForPath(statement.tree, tree, source);
  return pinned ? new ParsedText(tree, text, 0) : statement;
}

/** Why a SECURITY DEFINER function is refused. */
export function definerViolation(kind: string, body: Tree): Violation | undefined {
  const options = optionsOf(kind, body);
  if (options === undefined || !mayBeDefiner(kind, options)) return undefined;
  const path = pathIn(options);
  if (path === undefined) return isDefiner(options) ? missingSearchPath : undefined;
  const names = path.kind === "VAR_SET_VALUE" ? namesOfPath(path) : [];
  // PostgreSQL uses the first mention: pg_temp must be listed once, at the end.
  const isLast = names.length > 1 && names.indexOf("pg_temp") === names.length - 1;
  return isLast || isEmptyPath(names) ? undefined : missingSearchPath;
}

/** The function that ALTER changes may be a SECURITY DEFINER: a change of its search_path is checked as if it were. */
function mayBeDefiner(kind: string, options: unknown): boolean {
  return isDefiner(options) || (kind === "AlterFunctionStmt" && pathIn(options) !== undefined);
}

function isDefiner(options: unknown): boolean {
  return definerOption(options) !== undefined;
}

/** An empty search_path finds no unqualified name. */
function isEmptyPath(names: readonly string[]): boolean {
  return names.length === 1 && names[0] === "";
}

const missingSearchPath: Violation = {
  message:
    "a SECURITY DEFINER function runs with the privileges of the tables' owner, so it needs its own search_path",
  remedy: "Add SET search_path = public, pg_temp to the function.",
  name: "search_path",
};

function optionsOf(kind: string, body: Tree): unknown {
  if (kind === "CreateFunctionStmt") return body.options;
  return kind === "AlterFunctionStmt" ? body.actions : undefined;
}

function definerOption(options: unknown): Tree | undefined {
  const option = optionOf(options, "security");
  const on =
    isTree(option?.arg) && isTree(option.arg.Boolean) && option.arg.Boolean.boolval === true;
  return on ? option : undefined;
}

/** The last option that sets or resets the search_path, which is the effective one. */
function pathIn(options: unknown): Tree | undefined {
  const sets = (Array.isArray(options) ? options : []).flatMap((option: unknown) => {
    const set = isTree(option) && isTree(option.DefElem) ? option.DefElem.arg : undefined;
    return isTree(set) && isTree(set.VariableSetStmt) ? [set.VariableSetStmt] : [];
  });
  return sets.findLast(
    ({ name, kind }) => kind === "VAR_RESET_ALL" || String(name).toLowerCase() === "search_path",
  );
}

function namesOfPath(path: Tree): string[] {
  return Array.isArray(path.args) ? path.args.flatMap(constantIn).map(({ value }) => value) : [];
}

/** Where a search_path can be inserted: after SECURITY DEFINER, which precedes a body without quotes. */
function endOfDefiner(statement: ParsedText, options: unknown): number | undefined {
  const option = definerOption(options);
  if (option === undefined) return undefined;
  const from = Number(option.location ?? 0) - statement.offset;
  return tokenFrom(statement, from, ({ text }) => /^definer$/i.test(text))?.end;
}

/** Where pg_temp can be added to a search_path without it. */
function endOfPath(statement: ParsedText, path: Tree): number | undefined {
  const names = namesOfPath(path);
  if (path.kind !== "VAR_SET_VALUE" || names.includes("pg_temp") || isEmptyPath(names))
    return undefined;
  const [last] = (Array.isArray(path.args) ? path.args.flatMap(constantIn) : []).slice(-1);
  if (last === undefined) return undefined;
  return tokenFrom(statement, last.location - statement.offset, () => true)?.end;
}

function tokenFrom(
  { tokens }: ParsedText,
  from: number,
  is: (token: Token) => boolean,
): Token | undefined {
  return tokens.find((token) => token.start >= from && is(token));
}

/** The proof that only the search_path was added. */
function sameButForPath(before: Tree, after: Tree, source: SourceSchema): boolean {
  const [kind, body] = unwrap(before);
  const [kindAfter, bodyAfter] = unwrap(after);
  if (kind !== kindAfter) return false;
  const key = kind === "CreateFunctionStmt" ? "options" : "actions";
  const rest = (tree: Tree) => ({ ...tree, [key]: withoutPath(tree[key]) });
  return sameButForSchema(rest(body), rest(bodyAfter), { source });
}

function withoutPath(options: unknown): unknown[] {
  return (Array.isArray(options) ? options : []).filter((option) => pathIn([option]) === undefined);
}
