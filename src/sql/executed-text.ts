import { concat, fill, placeholder, type Template } from "../core/template.ts";
import { escapedForFormat, type Part, partsOf } from "./built-text.ts";
import { schemaTextsIn } from "./catalog-reads.ts";
import { sameButForSchema } from "./compare.ts";
import { constantIn } from "./constants.ts";
import { identifierValue } from "./literals.ts";
import { type Edit, type Neutral, parseOne } from "./parsed-text.ts";
import { codeTokens, GrammarError, parse, type Token, type Tree } from "./parser.ts";
import { namesOfTree } from "./references.ts";
import type { SourceSchema } from "./source-schema.ts";
import { expressionIn, nameExpression } from "./tenant-name.ts";
import { isTree, walk } from "./tree.ts";

/** What became of an expression whose value is run as SQL. */
export interface Executed {
  /** What to write in it, in bytes of the expression. */
  readonly edits: readonly Edit[];
  /** True when a part of the SQL is known only when it runs. */
  readonly isBuilt: boolean;
  readonly unproved: readonly string[];
  /** What it names in public, and cannot be replaced. */
  readonly unreplaced: readonly string[];
  readonly trees: readonly Tree[];
  /** The proof that a rewritten expression gives the same SQL, but in the tenant schema. */
  readonly isSame: (after: string) => boolean;
}

const select = "SELECT ";

/**
 * Neutralizes what is constant in an expression whose value is run as SQL. A word stands for each part that is not, so
 * that the rest can be read like any other statement.
 */
export function neutralizeExecuted(
  expression: string,
  source: SourceSchema,
  neutralizeText: (text: string) => Neutral,
): Executed {
  const node = expressionIn(parseOne(`${select}${expression}`));
  const parts = partsOf(node);
  const holes = parts.filter((part) => part.kind === "hole");
  const ending = endings.find((one) => isReadable(textOf(parts, one))) ?? "";
  const neutral = neutralizeText(textOf(parts, ending));
  const tokens = codeTokens(`${select}${expression}`).slice(1);
  const isBuilt = holes.length > 0;
  const nothing = {
    isBuilt,
    edits: [],
    // What is not known about a part is said once, of the whole.
    unproved: isBuilt ? [] : neutral.unproved,
    trees: neutral.trees,
    isSame: () => false,
  };
  const names = holes.flatMap((hole, index) => sourceNames(hole, index, neutral.trees, source));
  const left = holes.some((hole) => namesSource(hole, names, source))
    ? ["a part of the SQL that EXECUTE builds"]
    : [];
  const unreplaced = [
    ...(isBuilt && neutral.unreplaced.length > 0
      ? left.concat("the SQL that EXECUTE builds")
      : neutral.unreplaced),
    ...left,
  ];
  if (unreplaced.length > 0 || (neutral.sql.length === 1 && names.length === 0))
    return { ...nothing, unreplaced };
  const edits = rewrite(parts, ending, neutral.sql, tokens);
  if (edits === undefined) return { ...nothing, unreplaced: ["the SQL that EXECUTE builds"] };
  for (const { location, adds } of names) {
    const literal: Template = ["'", "'"];
    const written = adds === "text" ? literal : nameExpression(literal, "plain");
    edits.push(...editOf(tokens, location, written));
  }
  const wanted = fill(neutral.sql, placeholder);
  return {
    ...nothing,
    edits,
    unreplaced,
    isSame: (after) => isSame(parts, ending, after, wanted, source),
  };
}

/** A word for a part that is not known. It is as long for each, and none is the beginning of another. */
function word(index: number): string {
  return `drizzle_fleet_hole_${String(index).padStart(4, "0")}`;
}

/** True for a name that is known only when the statement runs. */
export function isHole(name: string): boolean {
  return /drizzle_fleet_hole_\d{4}/.test(name);
}

/** What may stand in the place of the last part, where a name makes no statement: nothing more than the word, or a clause. */
const endings = ["", "CHECK (*)", "ADD * int"];

/** The parts as text, with a word for each that is not known. */
function spelled(parts: readonly Part[], ending: string): string[] {
  let index = 0;
  return parts.map((part, at) => {
    if (part.kind === "text") return part.value;
    const name = word(index++);
    if (part.adds === "value") return `'${name}'`;
    const isLast = at === parts.length - 1 && part.adds === "text" && ending !== "";
    return isLast ? ending.replace("*", name) : name;
  });
}

/** The text that parts make. */
function textOf(parts: readonly Part[], ending: string): string {
  return spelled(parts, ending).join("");
}

function isReadable(text: string): boolean {
  try {
    return parse(text).length > 0;
  } catch (error) {
    if (error instanceof GrammarError) return false;
    throw error;
  }
}

type Hole = Extract<Part, { kind: "hole" }>;

interface SourceName {
  readonly hole: Hole;
  readonly location: number;
  readonly adds: Hole["adds"];
}

/** The constant 'public' that a part adds where it is a schema. */
function sourceNames(
  hole: Hole,
  index: number,
  trees: readonly Tree[],
  source: SourceSchema,
): SourceName[] {
  const [constant, ...more] = constantIn(hole.expression);
  if (constant === undefined || !source.has(constant.value) || more.length > 0) return [];
  const isSchema = trees.some(
    (tree) =>
      namesOfTree(tree, source).schemas.has(word(index)) ||
      schemaTextsIn(tree, source).has(word(index)),
  );
  return isSchema ? [{ hole, location: constant.location, adds: hole.adds }] : [];
}

/** True for a part that names something in public by a constant that is not replaced. */
function namesSource(hole: Hole, replaced: readonly SourceName[], source: SourceSchema): boolean {
  if (replaced.some((name) => name.hole === hole)) return false;
  let found = false;
  walk(hole.expression, (node, key) => {
    if (key !== "A_Const" || !isTree(node.sval) || typeof node.sval.sval !== "string") return;
    const value = node.sval.sval;
    found ||=
      source.mustReplaceIn(value) ||
      (hole.adds !== "value" && source.has(value) && !source.isTarget(value));
  });
  return found;
}

/** Writes a template in the place of a constant. Lines keep their numbers, which errors in a body are told by. */
function editOf(tokens: readonly Token[], location: number, template: Template): Edit[] {
  const at = tokens.findIndex(({ start }) => start === location);
  const [first, ...more] = at < 0 ? [] : tokens.slice(at);
  if (first === undefined) return [];
  // A line end joins literals to one constant, which some ways to split a text show as several.
  const joined = more.slice(0, more.findIndex(({ kind }) => kind !== "string") >>> 0);
  const lines = (text: string) => text.split("\n").length - 1;
  const lost = Math.max(0, lines(first.text) - lines(template.join("")));
  const edit = (token: Token, replacement: Template) => ({
    start: token.start - select.length,
    end: token.end - select.length,
    replacement,
  });
  return [
    edit(first, concat([template, "\n".repeat(lost)])),
    ...joined.map((token) => edit(token, [""])),
  ];
}

/** Writes what became of a text into the constants that it was put together from. */
function rewrite(
  parts: readonly Part[],
  ending: string,
  sql: Template,
  tokens: readonly Token[],
): Edit[] | undefined {
  const segments = segmentsOf(parts, spelled(parts, ending), sql);
  if (segments === undefined) return undefined;
  const written = new Map<string, { readonly locations: readonly number[]; template: Template }>();
  const formats = new Set(parts.flatMap(({ format }) => format ?? []));
  for (const [index, part] of parts.entries())
    if (part.kind === "text" && part.format === undefined)
      written.set(String(index), {
        locations: part.locations,
        template: literalOf(segments[index] ?? []),
      });
  for (const format of formats) {
    const own = parts.flatMap((part, index) =>
      part.format !== format
        ? []
        : [part.kind === "hole" ? [part.spelled] : (segments[index] ?? []).map(escapedForFormat)],
    );
    const text = parts.find((part) => part.kind === "text" && part.format === format);
    const locations = text?.kind === "text" ? text.locations : [];
    if (own.some((template) => template.length > 1))
      written.set(`format ${locations.join()}`, { locations, template: formatOf(concat(own)) });
  }
  const edits = [...written.values()].flatMap(({ locations, template }) =>
    template.length === 1
      ? []
      : locations.map((location, order) =>
          editOf(tokens, location, order === 0 ? template : ["''"]),
        ),
  );
  return edits.every((of) => of.length > 0) ? edits.flat() : undefined;
}

/** What became of each part; undefined when that cannot be told. */
function segmentsOf(
  parts: readonly Part[],
  words: readonly string[],
  sql: Template,
): Template[] | undefined {
  const mark = "\uE000";
  if (sql.some((piece) => piece.includes(mark))) return undefined;
  let rest = fill(sql, mark);
  const found: Template[] = [];
  for (const [at, part] of parts.entries()) {
    const next = parts[at + 1];
    // Where one text ends and the next begins is not to be seen any more.
    if (part.kind === "text" && next?.kind === "text") return undefined;
    const before = part.kind === "hole" ? words[at] : words[at + 1];
    const from = before === undefined ? rest.length : rest.indexOf(before);
    if (from < 0 || (part.kind === "hole" && from > 0)) return undefined;
    const end = part.kind === "hole" ? (words[at] ?? "").length : from;
    found.push(rest.slice(0, end).split(mark));
    rest = rest.slice(end);
  }
  return rest === "" ? found : undefined;
}

function literalOf(template: Template): Template {
  return concat(["'", template.map((piece) => piece.replaceAll("'", "''")), "'"]);
}

/** A format()'s string with gaps. A percent sign in a schema's name must not be read as one of its own. */
function formatOf(template: Template): Template {
  const pieces = template.map((piece) => [`'${piece.replaceAll("'", "''")}'`]);
  const name: Template = [" || replace('", "', '%', '%%') || "];
  const joined = pieces.flatMap((piece, index) => (index === 0 ? [piece] : [name, piece]));
  return concat(["(", ...joined, ")"]);
}

function isSame(
  before: readonly Part[],
  ending: string,
  after: string,
  wanted: string,
  source: SourceSchema,
): boolean {
  const parts = partsOf(expressionIn(parseOne(`${select}${after}`)));
  const holes = (list: readonly Part[]) =>
    list.flatMap((part) => (part.kind === "hole" ? [part.expression] : []));
  return (
    textOf(parts, ending) === wanted &&
    sameButForSchema(holes(before), holes(parts), source, () => false)
  );
}

/** Constants of a tree that have public in front of a dot. */
export function sourceTextsIn(tree: Tree, source: SourceSchema): string[] {
  const found: string[] = [];
  walk(tree, (node, key) => {
    if (
      key === "A_Const" &&
      isTree(node.sval) &&
      typeof node.sval.sval === "string" &&
      source.mustReplaceIn(node.sval.sval)
    )
      found.push(node.sval.sval);
  });
  return found;
}

/** The source schema's name, where an expression is that constant and nothing else. */
export function sourceConstantIn(tree: Tree | undefined, source: SourceSchema): string[] {
  const [constant] = constantIn(expressionIn(tree));
  const name = constant === undefined ? "" : identifierValue(constant.value);
  return source.has(name) && !source.isTarget(name) ? [name] : [];
}
