import { fill, placeholder } from "../core/template.ts";
import type { Body } from "./body.ts";
import { isTypeName } from "./builtins/types.ts";
import { findSchemas, type Names, qualifiersIn } from "./candidates.ts";
import { schemaTextsIn } from "./catalog-reads.ts";
import { sameButForSchema } from "./compare.ts";
import { executedIn, sourceTexts } from "./executed-in-body.ts";
import { noteHandlers } from "./handlers.ts";
import { identifierValue } from "./literals.ts";
import { applyEdits, type Edit, type Neutral, type ParsedText, parseOne } from "./parsed-text.ts";
import { codeTokens, parsePlpgsql, type Token, type Tree } from "./parser.ts";
import { reachOf } from "./reach.ts";
import { namesOfTree } from "./references.ts";
import type { SourceSchema } from "./source-schema.ts";
import type { SchemaText } from "./tenant-name.ts";
import { walk } from "./tree.ts";

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
  neutralizeText: (text: string) => Neutral,
): Neutral {
  const read = (value: string) => readFunction(statement, body, value);
  const original = read(body.value);
  const tokens = codeTokens(body.value);
  const found = findSchemas(body.value, source, () => tokens, placesInPath(tokens, source), {
    read,
    namesIn: (reading, text) => namesIn(reading, text, source),
    schemaTextsIn: (reading, text) => textsIn(reading, text, source),
  });
  if (original === undefined) return unreadable(body, source);
  const executed = executedIn(original, body.value, tokens, source, neutralizeText);
  const sql = applyEdits(body.value, withExecuted(found.edits, executed.edits));
  const proof = executed.edits.length === 0 ? found.proof : undefined;
  const after = sql.length === 1 ? original : (proof ?? read(fill(sql, placeholder)));
  if (after === undefined) return unreadable(body, source);
  const values = declaredValues(body.value);
  const valuesAfter = declaredValues(fill(sql, placeholder));
  const set = valuesAfter.filter((value) => value !== undefined);
  const unproved = [
    ...executed.unproved,
    ...(sqlIn(original).includes(undefined)
      ? ["a part of the body that does not parse as SQL"]
      : []),
    ...(source.mustReplaceIn(body.value) ? [] : nestedBodies(original)),
    ...(found.unexplained ? [] : unexplainedNames(original, body.value, tokens, source)),
    ...(values.includes(undefined) ? ["a value in a declaration that does not parse as SQL"] : []),
    ...[...sqlTrees(after), ...set].flatMap((statement) => [
      ...namesOfTree(statement, source).suspicions,
      ...reachOf(statement, source).suspicions,
    ]),
  ];
  const unreplaced = [
    ...executed.unreplaced,
    ...(executed.isBuilt
      ? sourceTexts(after, source, sqlTree, [...set, ...defaultsOf(statement.tree)])
      : []),
    ...(found.unexplained ? [`what the name ${source.first} refers to`] : []),
    ...(source.mustReplaceIn(body.value) ? nestedBodies(original) : []),
  ];
  const same =
    sameButForSchema(
      original,
      after,
      source,
      (before, now, key) => sameSql(before, now, key, source) || executed.isSame(before, now),
    ) && sameButForSchema(values, valuesAfter, source, () => false);
  if (!same) {
    const failed = "that the body means the same in another schema";
    return { sql: [body.value], trees: [], unproved, unreplaced: [...unreplaced, failed] };
  }
  const declared = [...declaredNames(fill(sql, placeholder)).schemas].map(typeIn);
  const trees = [...sqlTrees(after), ...set, ...typeTrees(after), ...declared, ...executed.trees];
  const endsTransaction = "DoStmt" in statement.tree && commits(original);
  return { sql, trees, unproved, unreplaced, endsTransaction };
}

/** Where `SET search_path = a, b` of a body has names. */
function placesInPath(tokens: readonly Token[], source: SourceSchema): Set<number> {
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

function unreadable(body: Body, source: SourceSchema): Neutral {
  return opaque(body.value, "a PL/pgSQL body that libpg-query cannot read", source);
}

/** A string that is executed is no name, whatever it is spelled like. */
function withExecuted(edits: readonly Edit[], executed: readonly Edit[]): Edit[] {
  const taken = new Set(executed.map(({ start }) => start));
  return [...edits.filter(({ start }) => !taken.has(start)), ...executed];
}

function commits(tree: Tree): boolean {
  let found = false;
  walk(tree, (_, key) => {
    if (/^PLpgSQL_stmt_(commit|rollback)$/.test(key)) found = true;
  });
  return found;
}

/**
 * The function with another body, read by PL/pgSQL's parser. The parser has no catalog: to it a variable of an
 * unknown type is a record, whose default it does not show; `t%ROWTYPE` is no record, and an array of an unknown
 * type no array. So the body is read with its declarations as they are, and with the nearest types that the
 * parser knows; what is found in any reading counts.
 */
function readFunction({ text }: ParsedText, body: Body, value: string): Tree | undefined {
  const contents = [value, withKnownTypes(value, "all"), withKnownTypes(value, "rows and arrays")];
  // Without such declarations all three are the same text, and one reading does.
  const readings = [...new Set(contents)].map((content) => {
    const replacement = [`'${content.replaceAll("'", "''")}'`];
    return parsePlpgsql(
      fill(applyEdits(text, [{ start: body.token.start, end: body.token.end, replacement }]), ""),
    );
  });
  return readings.some((reading) => reading !== undefined) ? { readings } : undefined;
}

function withKnownTypes(body: string, which: "all" | "rows and arrays"): string {
  const edits = declaredTypes(body).flatMap(({ start, end, kind }): Edit[] => {
    if (kind === "row") return [{ start, end, replacement: ["record"] }];
    if (kind === "array") return [{ start, end, replacement: ["text[]"] }];
    return which === "all" ? [{ start, end, replacement: ["text"] }] : [];
  });
  return fill(applyEdits(body, edits), "");
}

interface DeclaredType {
  readonly start: number;
  readonly end: number;
  readonly kind: "row" | "array" | "other";
  /** Where the type lives, if it is no table's. */
  readonly schema: string | undefined;
}

/** The types in the DECLARE sections of a body that PL/pgSQL's parser does not know. */
function declaredTypes(body: string): DeclaredType[] {
  return declarationsIn(body).flatMap((declaration) => typeOf(declaration) ?? []);
}

/** The declarations of a body, as tokens. */
function declarationsIn(body: string): Token[][] {
  if (!/declare/i.test(body)) return [];
  const found: Token[][] = [];
  let declaration: Token[] = [];
  let declaring = false;
  for (const token of codeTokens(body)) {
    const word = token.text.toUpperCase();
    if (declaring && word !== ";" && word !== "BEGIN") declaration.push(token);
    else {
      if (declaration.length > 0) found.push(declaration);
      declaration = [];
      declaring = word === "DECLARE" || (declaring && word === ";");
    }
  }
  return found;
}

/**
 * The trees of what variables are set to where they are declared. libpg-query shows it for types that it knows alone, and
 * runs all of it. A cursor's query it shows.
 *
 * @returns undefined for each that does not parse
 */
function declaredValues(body: string): (Tree | undefined)[] {
  const bytes = Buffer.from(body, "utf8");
  return declarationsIn(body).flatMap((declaration) => {
    if (declaration.some(({ text }) => /^cursor$/i.test(text))) return [];
    const at = declaration.findIndex(({ text }) => /^(:=|=|default)$/i.test(text));
    const [from, last] = [declaration[at], declaration.at(-1)];
    if (at < 0 || from === undefined || last === undefined) return [];
    return [parseOne(`SELECT ${bytes.toString("utf8", from.end, last.end)}`)];
  });
}

/** The type in `name CONSTANT schema.type NOT NULL := value`, if it has a schema. */
function typeOf(declaration: readonly Token[]): DeclaredType | undefined {
  const words = declaration.map(({ text }) => text.toUpperCase());
  const from = words[1] === "CONSTANT" ? 2 : 1;
  const after = words.findIndex(
    (word, index) => index > from && [":=", "=", "DEFAULT", "NOT", "COLLATE"].includes(word),
  );
  const type = declaration.slice(from, after === -1 ? undefined : after);
  const [first, last] = [type[0], type.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  if (type[1]?.text !== "." && !isUnknownType(type)) return undefined;
  const kind = /^rowtype$/i.test(last.text) ? "row" : last.text === "]" ? "array" : "other";
  const schema =
    kind === "row" || type[1]?.text !== "." || type.some(({ text }) => text === "%")
      ? undefined
      : identifierValue(first.text);
  return { start: first.start, end: last.end, kind, schema };
}

/** True for the name of a type that is neither PostgreSQL's nor PL/pgSQL's own: the tenant's, or an extension's. */
function isUnknownType([first, second]: readonly Token[]): boolean {
  const name = first === undefined ? "" : identifierValue(first.text);
  const simple = second === undefined || /^[[(]$/.test(second.text);
  return simple && /^[\p{L}_]/u.test(name) && !isTypeName(name);
}

/** A text that cannot be read may be accepted, but not when it spells the schema: that would stay as it is. */
export function opaque(text: string, what: string, source: SourceSchema): Neutral {
  const [unproved, unreplaced] = source.mustReplaceIn(text) ? [[], [what]] : [[what], []];
  return { sql: [text], trees: [], unproved, unreplaced };
}

/** A function or DO block that the body makes has a body of its own, which has not been read. */
function nestedBodies(tree: Tree): string[] {
  const nested = sqlTrees(tree).some(
    (statement) => "CreateFunctionStmt" in statement || "DoStmt" in statement,
  );
  return nested ? ["a function or DO block inside the body"] : [];
}

/** Names before a dot that are neither a schema nor a table, column, variable or label that was seen. */
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
    .map((name) => `what the name ${name} refers to`);
}

/** What a body names: in its SQL, and in the types of its variables. */
function namesIn(tree: Tree, body: string, source: SourceSchema): Names {
  const { schemas, others } = declaredNames(body);
  const formats = new Set<string>();
  const values = declaredValues(body).filter((value) => value !== undefined);
  for (const statement of [...sqlTrees(tree), ...typeTrees(tree), ...values]) {
    const names = namesOfTree(statement, source);
    for (const schema of names.schemas) schemas.add(schema);
    for (const other of names.others) others.add(other);
    for (const schema of names.formats) formats.add(schema);
  }
  return { schemas, others, formats };
}

/** Constants of a body's SQL that are compared with a catalog's column for schemas. */
function textsIn(tree: Tree, body: string, source: SourceSchema): ReadonlyMap<string, SchemaText> {
  const values = declaredValues(body).filter((value) => value !== undefined);
  return new Map([...sqlTrees(tree), ...values].flatMap((one) => [...schemaTextsIn(one, source)]));
}

/** What declarations name: `schema.table%ROWTYPE`, `schema.table.column%TYPE`, `table.column%TYPE`, `schema.type`. */
function declaredNames(body: string): { schemas: Set<string>; others: Set<string> } {
  if (!/declare/i.test(body)) return { schemas: new Set(), others: new Set() };
  const tokens = codeTokens(body);
  const schemas = new Set<string>();
  const others = new Set<string>();
  for (const [index, { text }] of tokens.entries()) {
    const next = tokens[index + 1]?.text.toUpperCase();
    if (text !== "%" || (next !== "ROWTYPE" && next !== "TYPE")) continue;
    let first = index - 1;
    while (tokens[first - 1]?.text === ".") first -= 2;
    const names = (index - first + 1) / 2;
    const name = identifierValue(tokens[first]?.text ?? "");
    if (names > (next === "TYPE" ? 2 : 1)) schemas.add(name);
    else others.add(name);
  }
  for (const { schema } of declaredTypes(body)) if (schema !== undefined) schemas.add(schema);
  return { schemas, others };
}

/** A body is asked for its SQL more than once. */
const parsedSql = new WeakMap<Tree, readonly (Tree | undefined)[]>();

/** The trees of the SQL in a body; `undefined` stands for what does not parse as any kind of it. */
function sqlIn(tree: Tree): readonly (Tree | undefined)[] {
  const before = parsedSql.get(tree);
  if (before !== undefined) return before;
  const queries = new Set<string>();
  walk(tree, (node, key) => {
    if (key === "PLpgSQL_expr" && typeof node.query === "string") queries.add(node.query);
  });
  const trees = new Map([...queries].map((query) => [query, sqlTree(query)] as const));
  noteHandlers(tree, trees);
  const found = [...trees.values()];
  parsedSql.set(tree, found);
  return found;
}

function sqlTrees(tree: Tree): Tree[] {
  return sqlIn(tree).filter((statement) => statement !== undefined);
}

/** A statement, an expression, or an assignment, of which both sides count: the left one may have subscripts. */
function sqlTree(query: string): Tree | undefined {
  const sides = sidesOf(query);
  if (sides !== undefined) return parseOne(`SELECT ${sides.join(", ")}`);
  const attempts = [query, `SELECT ${query}`];
  // A text that does not parse costs the parser much: the likely reading comes first.
  if (
    !/^\s*(select|insert|update|delete|with|merge|create|alter|drop|call|set|table|values)\b/i.test(
      query,
    )
  )
    attempts.reverse();
  return parseOne(attempts[0] ?? "") ?? parseOne(attempts[1] ?? "");
}

/** The two sides of `variable[subscript] := expression`; undefined for what is no assignment. */
function sidesOf(query: string): [target: string, value: string] | undefined {
  if (!query.includes(":=")) return undefined;
  const tokens = codeTokens(query);
  let depth = 0;
  for (const { text, start, end } of tokens) {
    if (text === "(" || text === "[") depth += 1;
    if (text === ")" || text === "]") depth -= 1;
    if (text !== ":=" || depth > 0) continue;
    const bytes = Buffer.from(query, "utf8");
    return [bytes.toString("utf8", 0, start), bytes.toString("utf8", end)];
  }
  return undefined;
}

/** A tree that names a type of a schema, as a declaration does. */
function typeIn(schema: string): Tree {
  const names = [schema, "t"].map((name) => ({ String: { sval: name } }));
  return { SelectStmt: { typeName: { names } } };
}

function typeTrees(tree: Tree): Tree[] {
  const found: Tree[] = [];
  walk(tree, (node, key) => {
    if (
      key !== "PLpgSQL_type" ||
      typeof node.typname !== "string" ||
      !node.typname.includes(".") ||
      node.typname.includes("%")
    )
      return;
    const type = parseOne(`SELECT NULL::${node.typname}`);
    if (type !== undefined) found.push(type);
  });
  return found;
}

/** Pieces of SQL are the same when their trees are; types when they are spelled the same. */
function sameSql(before: string, after: string, key: string, source: SourceSchema): boolean {
  if (key === "typname")
    return source.names.some(
      (name) => bare(after).replaceAll(/\{tenant(:\d+)?\}/g, () => name) === bare(before),
    );
  if (key !== "query") return false;
  const [old, now] = [sqlTree(before), sqlTree(after)];
  return old !== undefined && now !== undefined && sameButForSchema(old, now, source, () => false);
}

/** A type's name without quotes: PL/pgSQL's parser writes some of them with and some without. */
function bare(type: string): string {
  return type.replaceAll('"', "");
}
