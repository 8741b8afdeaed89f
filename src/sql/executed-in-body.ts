import {
  type ExecutedExpression,
  neutralizeExecuted,
  sourceConstantIn,
  sourceTextsIn,
} from "./executed-text.ts";
import { identifierValue } from "./literals.ts";
import type { Neutralized } from "./neutralized.ts";
import type { Edit } from "./parsed-text.ts";
import { codeTokens, type Token, type Tree } from "./parser.ts";
import type { SourceSchema } from "./source-schema.ts";
import { isTree, walk } from "./tree.ts";

/** Statements of PL/pgSQL that run a string, with the key of the string's expression. */
const dynamicKeys: Readonly<Record<string, string>> = {
  PLpgSQL_stmt_dynexecute: "query",
  PLpgSQL_stmt_dynfors: "query",
  PLpgSQL_stmt_return_query: "dynquery",
  PLpgSQL_stmt_open: "dynquery",
};

/** The texts that a body executes, neutralized. */
export interface ExecutedInBody {
  readonly edits: readonly Edit[];
  /** True when a part of the SQL is known only at run time. */
  readonly isBuilt: boolean;
  readonly unproved: readonly string[];
  readonly unreplaced: readonly string[];
  readonly trees: readonly Tree[];
  /** True for a rewritten expression that gives the same SQL in the tenant schema. */
  readonly isSame: (before: string, after: string) => boolean;
}

/** A PL/pgSQL body as its parser reads it, with its text and tokens. */
export interface ReadBody {
  readonly tree: Tree;
  readonly text: string;
  readonly tokens: readonly Token[];
}

/** An expression of a body whose value is executed. */
interface Place {
  /** What precedes the expression in the body: EXECUTE, or a variable that is assigned. */
  readonly lead: string;
  readonly expression: string;
  /** Its line, in words. */
  readonly where: string;
}

/**
 * Neutralizes the text that a body executes: the constants in the expressions of EXECUTE, and in those that are assigned
 * to a variable that EXECUTE runs.
 */
export function executedIn(
  body: ReadBody,
  source: SourceSchema,
  neutralizeText: (text: string) => Neutralized,
): ExecutedInBody {
  // Most bodies execute no text, which the text itself shows without a walk.
  const executed = /execute/i.test(body.text) ? executions(body.tree) : [];
  const places = [...executed, ...assignments(body.tree, variablesIn(executed))];
  const known = new Map<string, ExecutedExpression>();
  const found = { edits: [] as Edit[], unproved: [] as string[], unreplaced: [] as string[] };
  for (const place of places) {
    const { lead, expression, where } = place;
    const result = known.get(expression) ?? neutralizeExecuted(expression, source, neutralizeText);
    known.set(expression, result);
    const runs = lead === "EXECUTE";
    if (runs && result.isBuilt) found.unproved.push(`the SQL that EXECUTE builds${where}`);
    else if (runs) found.unproved.push(...result.unproved);
    found.unreplaced.push(...result.unreplaced.map((what) => `${what}${where}`));
    const edits = editsInBody(place, result.edits, body);
    if (edits === undefined) found.unreplaced.push(`the string that EXECUTE runs${where}`);
    else found.edits.push(...edits);
  }
  const results = [...known.values()];
  const isBuilt = executed.some(({ expression }) => known.get(expression)?.isBuilt === true);
  const trees = results.flatMap((result) => result.trees);
  const isSame = (before: string, after: string) => {
    const [old, now] = [valueIn(before), valueIn(after)];
    const target = (text: string, value: string) => text.slice(0, text.length - value.length);
    return target(before, old) === target(after, now) && known.get(old)?.isSame(now) === true;
  };
  return { ...found, edits: distinct(found.edits), isBuilt, trees, isSame };
}

function executions(tree: Tree): Place[] {
  const found: Place[] = [];
  walk(tree, (node, key) => {
    const query = queryOf(node[dynamicKeys[key] ?? ""]);
    if (query !== undefined)
      found.push({ lead: "EXECUTE", expression: query, where: lineOf(node) });
  });
  return found;
}

/** Variables that EXECUTE runs unchanged. */
function variablesIn(places: readonly Place[]): ReadonlySet<string> {
  const names = places.map(({ expression }) => expression.trim());
  return new Set(
    names.filter((name) => /^("[^"]+"|[\p{L}_][\p{L}\p{N}_$]*)$/u.test(name)).map(identifierValue),
  );
}

function assignments(tree: Tree, variables: ReadonlySet<string>): Place[] {
  const found: Place[] = [];
  if (variables.size === 0) return found;
  walk(tree, (node, key) => {
    const query = key === "PLpgSQL_stmt_assign" ? queryOf(node.expr) : undefined;
    const expression = query === undefined ? "" : valueIn(query);
    if (query === undefined || expression === query) return;
    const lead = query.slice(0, query.length - expression.length);
    const [name] = codeTokens(lead);
    if (name !== undefined && variables.has(identifierValue(name.text)))
      found.push({ lead, expression, where: lineOf(node) });
  });
  return found;
}

/** The value of an assignment; all of an expression that is not one. */
function valueIn(query: string): string {
  const sign = /^\s*(?:"[^"]+"|[\p{L}_][\p{L}\p{N}_$]*)\s*(?::=|=)/u.exec(query)?.[0] ?? "";
  return query.slice(sign.length);
}

function queryOf(expression: unknown): string | undefined {
  const { query } =
    isTree(expression) && isTree(expression.PLpgSQL_expr) ? expression.PLpgSQL_expr : {};
  return typeof query === "string" ? query : undefined;
}

function lineOf({ lineno }: Tree): string {
  return typeof lineno === "number" ? ` on line ${lineno} of the body` : "";
}

/** The edits of an expression, at each of its places in a body; undefined when the body does not contain it. */
function editsInBody(
  { lead, expression }: Place,
  edits: readonly Edit[],
  { text, tokens }: ReadBody,
): Edit[] | undefined {
  if (edits.length === 0) return [];
  const bytes = Buffer.from(text, "utf8");
  const sought = Buffer.from(lead === "EXECUTE" ? expression : lead + expression, "utf8");
  const found = tokens.filter(({ start }, index) => {
    const runs = lead !== "EXECUTE" || /^execute$/i.test(tokens[index - 1]?.text ?? "");
    return runs && bytes.subarray(start, start + sought.length).equals(sought);
  });
  if (found.length === 0) return undefined;
  const skipped = sought.length - Buffer.byteLength(expression);
  return found.flatMap(({ start: at }) =>
    edits.map(({ start, end, replacement }) => ({
      start: at + skipped + start,
      end: at + skipped + end,
      replacement,
    })),
  );
}

function distinct(edits: readonly Edit[]): Edit[] {
  return [...new Map(edits.map((edit) => [edit.start, edit])).values()];
}

/** The texts of an expression that name the schema. EXECUTE may also use the schema's name alone. */
function textsIn(value: Tree, source: SourceSchema): string[] {
  return [...sourceConstantIn(value, source), ...sourceTextsIn(value, source)];
}

/**
 * Texts that name the source schema in a body that builds SQL, where EXECUTE may use them as names.
 *
 * @param tree the body as it will run
 * @param parse parses a piece of the body's SQL
 * @param values the values of declarations and parameters
 */
export function sourceTextsInBody(
  tree: Tree,
  source: SourceSchema,
  parse: (query: string) => Tree | undefined,
  values: readonly Tree[],
): string[] {
  const executed = new Set(executions(tree).map(({ expression }) => expression));
  const found = values.flatMap((value) => textsIn(value, source));
  walk(tree, (node, key) => {
    const query = key === "PLpgSQL_expr" ? queryOf({ PLpgSQL_expr: node }) : undefined;
    if (query === undefined || executed.has(query)) return;
    const parsed = parse(valueIn(query));
    if (parsed !== undefined) found.push(...textsIn(parsed, source));
  });
  return found.map((text) => `the text '${text}' in a body that builds SQL`);
}
