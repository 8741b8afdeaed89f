import { fill, placeholder, type Template } from "../core/template.ts";
import { type Hole, type TextPart, textPartsOf } from "./built-text.ts";
import { schemaTextsIn } from "./catalog-reads.ts";
import { sameButForSchema } from "./compare-trees.ts";
import { constantIn } from "./constants.ts";
import { identifierValue } from "./literals.ts";
import { namesOfTree } from "./names-in-tree.ts";
import type { Neutralized } from "./neutralized.ts";
import { type Edit, parseOne } from "./parsed-text.ts";
import { codeTokens, GrammarError, parse, type Tree } from "./parser.ts";
import { constantEdit, rewrittenParts } from "./rewrite-built-text.ts";
import type { SourceSchema } from "./source-schema.ts";
import { expressionIn, nameExpression } from "./tenant-name.ts";
import { isTree, walk } from "./tree.ts";

/** An expression whose value is run as SQL, neutralized. */
export interface ExecutedExpression {
  /** Edits of the expression, in bytes of it. */
  readonly edits: readonly Edit[];
  /** True when a part of the SQL is known only at run time. */
  readonly isBuilt: boolean;
  readonly unproved: readonly string[];
  /** What names the source schema and cannot be replaced. */
  readonly unreplaced: readonly string[];
  readonly trees: readonly Tree[];
  /** The proof that a rewritten expression gives the same SQL, but in the tenant schema. */
  readonly isSame: (after: string) => boolean;
}

const select = "SELECT ";

/**
 * Neutralizes the constant parts of an expression whose value is run as SQL. A word replaces each of the other parts, so
 * that the text can be read like any other statement.
 */
export function neutralizeExecuted(
  expression: string,
  source: SourceSchema,
  neutralizeText: (text: string) => Neutralized,
): ExecutedExpression {
  const parts = textPartsOf(expressionIn(parseOne(`${select}${expression}`)));
  const ending = endings.find((one) => isReadable(textOf(parts, one))) ?? "";
  const neutral = neutralizeText(textOf(parts, ending));
  const isBuilt = parts.some(({ kind }) => kind === "hole");
  const unchanged: ExecutedExpression = {
    edits: [],
    isBuilt,
    // The message about SQL that is built covers what is unproved in its parts.
    unproved: isBuilt ? [] : neutral.unproved,
    unreplaced: [],
    trees: neutral.trees,
    isSame: () => false,
  };
  const names = sourceNames(parts, neutral.trees, source);
  const unreplaced = unreplacedIn(parts, neutral, names, source);
  if (unreplaced.length > 0 || (neutral.sql.length === 1 && names.length === 0))
    return { ...unchanged, unreplaced };
  const edits = editsOf(expression, { parts, ending }, neutral.sql, names);
  if (edits === undefined) return { ...unchanged, unreplaced: [builtSql] };
  const wanted = fill(neutral.sql, placeholder);
  const isSame = (after: string) => isSameSql({ parts, ending }, after, wanted, source);
  return { ...unchanged, edits, isSame };
}

const builtSql = "the SQL that EXECUTE builds";

/** What names the source schema in a place that cannot be replaced. */
function unreplacedIn(
  parts: readonly TextPart[],
  neutral: Neutralized,
  names: readonly SourceName[],
  source: SourceSchema,
): string[] {
  const holes = holesIn(parts);
  const ofHoles = holes.some((hole) => namesSource(hole, names, source))
    ? ["a part of the SQL that EXECUTE builds"]
    : [];
  return holes.length > 0 && neutral.unreplaced.length > 0
    ? [...ofHoles, builtSql]
    : [...neutral.unreplaced, ...ofHoles];
}

/** The edits that write the neutralized SQL back into the expression; undefined when that is not possible. */
function editsOf(
  expression: string,
  { parts, ending }: SpelledText,
  sql: Template,
  names: readonly SourceName[],
): Edit[] | undefined {
  const tokens = codeTokens(`${select}${expression}`).slice(1);
  const written = rewrittenParts(parts, spelled(parts, ending), sql, tokens);
  if (written === undefined) return undefined;
  const literal: Template = ["'", "'"];
  const ofNames = names.flatMap(({ hole: { adds }, location }) =>
    constantEdit(tokens, location, adds === "text" ? literal : nameExpression(literal, "plain")),
  );
  return [...written, ...ofNames].map((edit) => ({
    ...edit,
    start: edit.start - select.length,
    end: edit.end - select.length,
  }));
}

/**
 * The word for a part that is known only at run time. All words have the same length, so that none is the beginning of
 * another.
 */
function word(index: number): string {
  return `drizzle_fleet_hole_${String(index).padStart(4, "0")}`;
}

/** True for a name that contains a part known only at run time. */
export function isHole(name: string): boolean {
  return /drizzle_fleet_hole_\d{4}/.test(name);
}

/** A text whose last part may be a clause: a name alone does not always complete a statement. */
interface SpelledText {
  readonly parts: readonly TextPart[];
  /** One of `endings`. */
  readonly ending: string;
}

/** What the last part may be, where `*` is its word: the word alone, or a clause with it. */
const endings = ["", "CHECK (*)", "ADD * int"];

/** The parts as text, with a word for each that is known only at run time. */
function spelled(parts: readonly TextPart[], ending: string): string[] {
  let index = 0;
  return parts.map((part, at) => {
    if (part.kind === "text") return part.value;
    const name = word(index++);
    if (part.adds === "value") return `'${name}'`;
    const isLast = at === parts.length - 1 && part.adds === "text" && ending !== "";
    return isLast ? ending.replace("*", name) : name;
  });
}

function textOf(parts: readonly TextPart[], ending: string): string {
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

function holesIn(parts: readonly TextPart[]): Hole[] {
  return parts.filter((part) => part.kind === "hole");
}

/** A part whose expression is the source schema's name. */
interface SourceName {
  readonly hole: Hole;
  readonly location: number;
}

/** The parts that add the constant 'public' where it is a schema. */
function sourceNames(
  parts: readonly TextPart[],
  trees: readonly Tree[],
  source: SourceSchema,
): SourceName[] {
  return holesIn(parts).flatMap((hole, index) => {
    const [constant, ...more] = constantIn(hole.expression);
    if (constant === undefined || !source.has(constant.value) || more.length > 0) return [];
    const isSchema = trees.some(
      (tree) =>
        namesOfTree(tree, source).schemas.has(word(index)) ||
        schemaTextsIn(tree, source).has(word(index)),
    );
    return isSchema ? [{ hole, location: constant.location }] : [];
  });
}

/** True for a part that names the source schema by a constant that is not replaced. */
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

/** The proof that a rewritten expression builds the wanted text from the same parts. */
function isSameSql(
  { parts: before, ending }: SpelledText,
  after: string,
  wanted: string,
  source: SourceSchema,
): boolean {
  const parts = textPartsOf(expressionIn(parseOne(`${select}${after}`)));
  const expressions = (list: readonly TextPart[]) =>
    holesIn(list).map(({ expression }) => expression);
  return (
    textOf(parts, ending) === wanted &&
    sameButForSchema(expressions(before), expressions(parts), { source })
  );
}

/** Constants of a tree that contain the source schema in front of a dot. */
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

/** The source schema's name, if an expression is that constant and nothing else. */
export function sourceConstantIn(tree: Tree | undefined, source: SourceSchema): string[] {
  const [constant] = constantIn(expressionIn(tree));
  const name = constant === undefined ? "" : identifierValue(constant.value);
  return source.has(name) && !source.isTarget(name) ? [name] : [];
}
