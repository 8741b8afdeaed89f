import { fill, placeholder, type Template } from "../core/template.ts";
import type { Body } from "./body.ts";
import { schemaTextsIn } from "./catalog-reads.ts";
import { sameButForSchema } from "./compare-trees.ts";
import { type ExecutedInBody, executedIn, sourceTextsInBody } from "./executed-in-body.ts";
import {
  type FoundSchemas,
  findSchemas,
  type GrammarReader,
  qualifiersIn,
} from "./find-schemas.ts";
import { identifierValue } from "./literals.ts";
import { namesOfTree } from "./names-in-tree.ts";
import { type Neutralized, unreadableText } from "./neutralized.ts";
import { applyEdits, type Edit, type ParsedText } from "./parsed-text.ts";
import { codeTokens, type Token, type Tree } from "./parser.ts";
import { declaredNames, declaredValues, parsedDeclaredValues } from "./plpgsql-declarations.ts";
import { sqlIn, sqlTree, sqlTrees, typeTrees } from "./plpgsql-statements.ts";
import { reachOf } from "./reach.ts";
import { readPlpgsql } from "./read-plpgsql.ts";
import type { SourceSchema } from "./source-schema.ts";
import type { SchemaText } from "./tenant-name.ts";
import { walk } from "./tree.ts";
import type { QualifyingNames } from "./tree-names.ts";

/**
 * Neutralizes the body of a PL/pgSQL function or DO block. libpg-query gives the SQL inside it; each piece is
 * parsed and treated like any other statement.
 *
 * @param neutralizeText for constant strings that the body executes
 */
export function neutralizePlpgsql(
  statement: ParsedText,
  body: Body,
  source: SourceSchema,
  neutralizeText: (text: string) => Neutralized,
): Neutralized {
  const read = (value: string) => readPlpgsql(statement, body, value);
  const tokens = codeTokens(body.value);
  const original = read(body.value);
  const found = findSchemas(
    { text: body.value, tokens: () => tokens, alsoNames: namesInSearchPath(tokens, source) },
    source,
    bodyReader(read, source),
  );
  const unreadable = () =>
    unreadableText(body.value, "a PL/pgSQL body that libpg-query cannot parse", source);
  if (original === undefined) return unreadable();
  const executed = executedIn({ tree: original, text: body.value, tokens }, source, neutralizeText);
  const sql = applyEdits(body.value, withExecuted(found.edits, executed.edits));
  const proof = executed.edits.length === 0 ? found.proof : undefined;
  const after = sql.length === 1 ? original : (proof ?? read(fill(sql, placeholder)));
  if (after === undefined) return unreadable();
  const values = declaredValues(body.value);
  const valuesAfter = declaredValues(fill(sql, placeholder));
  const rewritten = {
    ...{ statement, body, tokens, source, executed, found },
    ...{ original, after, sql, values, valuesAfter },
  };
  const unproved = unprovedIn(rewritten);
  const unreplaced = unreplacedIn(rewritten);
  if (!isSameBody(rewritten)) {
    const failed = "the body may mean something else in another schema";
    return { sql: [body.value], trees: [], unproved, unreplaced: [...unreplaced, failed] };
  }
  const endsTransaction = "DoStmt" in statement.tree && commits(original);
  return { sql, trees: treesOf(rewritten), unproved, unreplaced, endsTransaction };
}

/** Reads the names in a body. */
function bodyReader(
  read: (text: string) => Tree | undefined,
  source: SourceSchema,
): GrammarReader<Tree> {
  return {
    read,
    namesIn: (reading, text) => namesIn(reading, text, source),
    schemaTextsIn: (reading, text) => textsIn(reading, text, source),
  };
}

/** A body before and after its names were replaced. */
interface RewrittenBody {
  readonly statement: ParsedText;
  readonly body: Body;
  readonly tokens: readonly Token[];
  readonly source: SourceSchema;
  readonly original: Tree;
  readonly after: Tree;
  readonly sql: Template;
  /** What declarations set variables to; undefined for a value that does not parse. */
  readonly values: readonly (Tree | undefined)[];
  readonly valuesAfter: readonly (Tree | undefined)[];
  readonly executed: ExecutedInBody;
  readonly found: FoundSchemas<Tree>;
}

function unprovedIn(rewritten: RewrittenBody): string[] {
  const { body, tokens, source, original, after, values, executed, found } = rewritten;
  const statements = [...sqlTrees(after), ...parsedValuesAfter(rewritten)];
  return [
    ...executed.unproved,
    ...(sqlIn(original).includes(undefined)
      ? ["a part of the body that does not parse as SQL"]
      : []),
    ...(source.mustReplaceIn(body.value) ? [] : nestedBodies(original)),
    ...(found.unexplained ? [] : unexplainedNames(original, body.value, tokens, source)),
    ...(values.includes(undefined) ? ["a value in a declaration that does not parse as SQL"] : []),
    ...statements.flatMap((statement) => [
      ...namesOfTree(statement, source).suspicions,
      ...reachOf(statement, source).suspicions,
    ]),
  ];
}

function unreplacedIn(rewritten: RewrittenBody): string[] {
  const { statement, body, source, original, after, executed, found } = rewritten;
  const values = [...parsedValuesAfter(rewritten), ...defaultsOf(statement.tree)];
  return [
    ...executed.unreplaced,
    ...(executed.isBuilt ? sourceTextsInBody(after, source, sqlTree, values) : []),
    ...(found.unexplained ? [`it is not clear what the name ${source.first} refers to`] : []),
    ...(source.mustReplaceIn(body.value) ? nestedBodies(original) : []),
  ];
}

/** The proof that the rewritten body is the original one, except for the schema's name. */
function isSameBody(rewritten: RewrittenBody): boolean {
  const { source, original, after, values, valuesAfter, executed } = rewritten;
  const approves = (before: string, now: string, key: string) =>
    isSameSql(before, now, key, source) || executed.isSame(before, now);
  return (
    sameButForSchema(original, after, { source, approves }) &&
    sameButForSchema(values, valuesAfter, { source })
  );
}

/** All statements of the rewritten body, and a tree for each schema that only a declaration names. */
function treesOf(rewritten: RewrittenBody): Tree[] {
  const { after, sql, executed } = rewritten;
  const declared = [...declaredNames(fill(sql, placeholder)).schemas].map(typeIn);
  return [
    ...sqlTrees(after),
    ...parsedValuesAfter(rewritten),
    ...typeTrees(after),
    ...declared,
    ...executed.trees,
  ];
}

function parsedValuesAfter({ valuesAfter }: RewrittenBody): Tree[] {
  return valuesAfter.filter((value) => value !== undefined);
}

/** The offsets of the names in `SET search_path = a, b` of a body. */
function namesInSearchPath(tokens: readonly Token[], source: SourceSchema): Set<number> {
  const places = new Set<number>();
  for (const [index, { text }] of tokens.entries()) {
    if (!/^search_path$/i.test(text) || !/^(=|to)$/i.test(tokens[index + 1]?.text ?? "")) continue;
    for (let at = index + 2; at === index + 2 || tokens[at - 1]?.text === ","; at += 2) {
      const name = tokens[at];
      if (name !== undefined && source.has(identifierValue(name.text))) places.add(name.start);
    }
  }
  return places;
}

/** The defaults of a function's parameters, as statements. */
function defaultsOf(tree: Tree): Tree[] {
  const defaults: Tree[] = [];
  walk(tree, (node, key) => {
    if (key === "FunctionParameter" && node.defexpr !== undefined)
      defaults.push({ SelectStmt: { targetList: [{ ResTarget: { val: node.defexpr } }] } });
  });
  return defaults;
}

/** A string that is executed is not a name, whatever its spelling. */
function withExecuted(edits: readonly Edit[], executed: readonly Edit[]): Edit[] {
  const starts = new Set(executed.map(({ start }) => start));
  return [...edits.filter(({ start }) => !starts.has(start)), ...executed];
}

function commits(tree: Tree): boolean {
  let found = false;
  walk(tree, (_, key) => {
    if (/^PLpgSQL_stmt_(commit|rollback)$/.test(key)) found = true;
  });
  return found;
}

/** A function or DO block that the body creates has a body of its own, which is not read. */
function nestedBodies(tree: Tree): string[] {
  const nested = sqlTrees(tree).some(
    (statement) => "CreateFunctionStmt" in statement || "DoStmt" in statement,
  );
  return nested ? ["a function or DO block inside the body"] : [];
}

/** Names before a dot that are neither a schema nor a known table, column, variable or label. */
function unexplainedNames(
  tree: Tree,
  body: string,
  tokens: readonly Token[],
  source: SourceSchema,
): string[] {
  const { schemas, others } = namesIn(tree, body, source);
  const known = new Set([...schemas, ...others]);
  walk(tree, (node) => {
    for (const key of ["refname", "label"])
      if (typeof node[key] === "string") known.add(node[key].toLowerCase());
  });
  const lower = new Set([...known].map((name) => name.toLowerCase()));
  return qualifiersIn(tokens)
    .filter((name) => !lower.has(name.toLowerCase()))
    .map((name) => `it is not clear what the name ${name} refers to`);
}

/** The names in a body's SQL, and in the types of its variables. */
function namesIn(tree: Tree, body: string, source: SourceSchema): QualifyingNames {
  const { schemas, others } = declaredNames(body);
  const formats = new Set<string>();
  for (const statement of [...sqlTrees(tree), ...typeTrees(tree), ...parsedDeclaredValues(body)]) {
    const names = namesOfTree(statement, source);
    for (const schema of names.schemas) schemas.add(schema);
    for (const other of names.others) others.add(other);
    for (const schema of names.formats) formats.add(schema);
  }
  return { schemas, others, formats };
}

/** Constants of a body's SQL that are compared with a catalog's column for schemas. */
function textsIn(tree: Tree, body: string, source: SourceSchema): ReadonlyMap<string, SchemaText> {
  const statements = [...sqlTrees(tree), ...parsedDeclaredValues(body)];
  return new Map(statements.flatMap((one) => [...schemaTextsIn(one, source)]));
}

/** A tree that names a type of a schema, as a declaration does. */
function typeIn(schema: string): Tree {
  const names = [schema, "t"].map((name) => ({ String: { sval: name } }));
  return { SelectStmt: { typeName: { names } } };
}

/** Pieces of SQL are the same when their trees are, and types when they have the same spelling. */
function isSameSql(before: string, after: string, key: string, source: SourceSchema): boolean {
  if (key === "typname")
    return source.names.some(
      (name) =>
        withoutQuotes(after).replaceAll(/\{tenant(:\d+)?\}/g, () => name) === withoutQuotes(before),
    );
  if (key !== "query") return false;
  const [old, now] = [sqlTree(before), sqlTree(after)];
  return old !== undefined && now !== undefined && sameButForSchema(old, now, { source });
}

/** PL/pgSQL's parser writes some types with quotes and some without. */
function withoutQuotes(type: string): string {
  return type.replaceAll('"', "");
}
