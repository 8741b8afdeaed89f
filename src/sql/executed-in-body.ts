import {
  type Executed,
  neutralizeExecuted,
  sourceConstantIn,
  sourceTextsIn,
} from "./executed-text.ts";
import { identifierValue } from "./literals.ts";
import type { Edit, Neutral } from "./parsed-text.ts";
import { codeTokens, type Token, type Tree } from "./parser.ts";
import type { SourceSchema } from "./source-schema.ts";
import { isTree, walk } from "./tree.ts";

/** Statements of PL/pgSQL that run a string, by the key that holds the string's expression. */
const dynamicKeys: Readonly<Record<string, string>> = {
  PLpgSQL_stmt_dynexecute: "query",
  PLpgSQL_stmt_dynfors: "query",
  PLpgSQL_stmt_return_query: "dynquery",
  PLpgSQL_stmt_open: "dynquery",
};

/** What a body executes as text, neutralized. */
export interface ExecutedInBody {
  readonly edits: readonly Edit[];
  /** True when a part of the SQL is known only when it runs. */
  readonly isBuilt: boolean;
  readonly unproved: readonly string[];
  readonly unreplaced: readonly string[];
  readonly trees: readonly Tree[];
  /** True for a rewritten expression that gives the same SQL in the tenant schema. */
  readonly isSame: (before: string, after: string) => boolean;
}

/** An expression of a body whose value is executed. */
interface Place {
  /** What stands before the expression in the body: EXECUTE, or a variable that is assigned. */
  readonly lead: string;
  readonly expression: string;
  readonly where: string;
}

/**
 * Neutralizes the text that a body executes: the constants in the expressions of EXECUTE, and in those that are assigned
 * to a variable that EXECUTE runs.
 *
 * @param tree the body, as PL/pgSQL's parser reads it
 * @param tokens those of the body
 */
export function executedIn(
  tree: Tree,
  body: string,
  tokens: readonly Token[],
  source: SourceSchema,
  neutralizeText: (text: string) => Neutral,
): ExecutedInBody {
  // Most bodies run no text, and need no walk to find that out.
  const executed = /execute/i.test(body) ? executions(tree) : [];
  const places = [...executed, ...assignments(tree, variablesIn(executed))];
  const known = new Map<string, Executed>();
  const found = { edits: [] as Edit[], unproved: [] as string[], unreplaced: [] as string[] };
  for (const place of places) {
    const { lead, expression, where } = place;
    const result = known.get(expression) ?? neutralizeExecuted(expression, source, neutralizeText);
    known.set(expression, result);
    const runs = lead === "EXECUTE";
    if (runs && result.isBuilt) found.unproved.push(`the SQL that EXECUTE builds${where}`);
    else if (runs) found.unproved.push(...result.unproved);
    found.unreplaced.push(...result.unreplaced.map((what) => `${what}${where}`));
    const edits = placed(place, result.edits, body, tokens);
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

/** Variables that EXECUTE runs as they are. */
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

/** What stands after the sign of an assignment; an expression is all of it. */
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
  return typeof lineno === "number" ? ` in line ${lineno} of the body` : "";
}

/** The edits of an expression, wherever it stands in a body; undefined when it is not found there. */
function placed(
  { lead, expression }: Place,
  edits: readonly Edit[],
  body: string,
  tokens: readonly Token[],
): Edit[] | undefined {
  if (edits.length === 0) return [];
  const bytes = Buffer.from(body, "utf8");
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

/** What an expression names: the schema's name itself, too, may be given to EXECUTE. */
function textsIn(value: Tree, source: SourceSchema): string[] {
  return [...sourceConstantIn(value, source), ...sourceTextsIn(value, source)];
}

/**
 * Texts that name public in a body that builds SQL, where EXECUTE may make a name of them.
 *
 * @param tree the body as it will run
 * @param parse reads a piece of the body's SQL
 * @param values what variables are set to where they are declared
 */
export function sourceTexts(
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
