import { fill, placeholder } from "../core/template.ts";
import { type Body, bodyOf } from "./body.ts";
import { type Found, findSchemas, qualifiersIn } from "./candidates.ts";
import { schemaTextsIn } from "./catalog-reads.ts";
import { sameButForSchema } from "./compare.ts";
import { applyEdits, type Neutral, type ParsedText, parseOne, parseText } from "./parsed-text.ts";
import { GrammarError, type Tree } from "./parser.ts";
import { neutralizePlpgsql, opaque } from "./plpgsql.ts";
import { reachOf } from "./reach.ts";
import { namesOfTree, searchPathOf } from "./references.ts";
import type { SourceSchema } from "./source-schema.ts";
import { isTree, walk } from "./tree.ts";

/** Without the source schema's own name, what a statement must contain to name something with a schema: a dot before a name. */
const dotBeforeName = /["\p{L}\p{N}_$]\s*\.\s*[^\s\p{N},)]/u;

/**
 * Replaces the source schema by a gap for the tenant schema wherever it is a schema: as a qualifier, as an object
 * (`IN SCHEMA public`), in literals that are read as names, and in the bodies of functions and DO blocks.
 *
 * The tokens say where the word stands, and the parse tree which of those places are schemas. Roles, aliases,
 * columns, literals and comments keep theirs. The result is proved: parsed again, its tree equals the
 * original's but for those schema names. A name in front of a dot that the tree does not explain is reported.
 *
 * Replacing is safer than cutting the qualifier out: a name without one can be captured by a CTE, an alias, a
 * temporary table or pg_catalog, and a function body would depend on its caller's search_path.
 */
export function neutralize(statement: ParsedText, source: SourceSchema): Neutral {
  const neutral = withGaps(statement, source);
  // What cannot be replaced is no fault where the target is called so.
  if (neutral.unreplaced.length === 0 || !source.isRightIn(statement.text)) return neutral;
  return { ...withGaps(statement, source.asItStands), asItStands: true };
}

function withGaps(statement: ParsedText, source: SourceSchema): Neutral {
  const { text, tree } = statement;
  // A body is looked at even when nothing is spelled like a schema: it may set the search_path, or execute text.
  const body = bodyOf(statement);
  const inside = body === undefined ? undefined : neutralizeBody(statement, body, source);
  const inner = inside?.trees ?? [];
  const endsTransaction = inside?.endsTransaction ?? false;
  if (!source.mayBeIn(text) && !dotBeforeName.test(text)) {
    const unproved = [...(inside?.unproved ?? []), ...suspicionsIn(tree, source)];
    const unreplaced = inside?.unreplaced ?? [];
    return { sql: [text], trees: [tree, ...inner], unproved, unreplaced, endsTransaction };
  }
  const found = findSchemas(text, source, () => statement.tokens, placesInPath(statement, source), {
    read: parseOne,
    namesIn: (reading) => namesOfTree(reading, source),
    schemaTextsIn: (reading) => schemaTextsIn(reading, source),
  });
  const unprovedIn = (final: Tree) => [
    ...(inside?.unproved ?? []),
    ...suspicionsIn(final, source),
    ...unexplained(statement, found, source),
  ];
  const unreplaced = [
    ...(inside?.unreplaced ?? []),
    ...(found.unexplained ? [`what the name ${source.first} refers to`] : []),
  ];
  const bodyChanged = body !== undefined && inside !== undefined && inside.sql.length > 1;
  if (found.edits.length === 0 && !bodyChanged)
    return {
      sql: [text],
      trees: [tree, ...inner],
      unproved: unprovedIn(tree),
      unreplaced,
      endsTransaction,
    };
  // A body may be spelled like a name in public, and then it is no such name.
  const edits = found.edits.filter(({ start }) => start !== body?.token.start);
  if (bodyChanged) edits.push({ ...body.token, replacement: body.write(inside.sql) });
  const sql = applyEdits(text, edits);
  const after =
    bodyChanged || found.proof === undefined ? parseOne(fill(sql, placeholder)) : found.proof;
  const bodyAfter = inside === undefined ? undefined : fill(inside.sql, placeholder);
  const approves = (before: string, now: string) => before === body?.value && now === bodyAfter;
  if (after === undefined || !sameButForSchema(tree, after, source, approves)) {
    const failed = "that it means the same in another schema";
    return {
      sql: [text],
      trees: [tree, ...inner],
      unproved: unprovedIn(tree),
      unreplaced: [...unreplaced, failed],
    };
  }
  const unproved = unprovedIn(after);
  return { sql, trees: [after, ...inner], unproved, unreplaced, endsTransaction };
}

function suspicionsIn(tree: Tree, source: SourceSchema): string[] {
  return [...namesOfTree(tree, source).suspicions, ...reachOf(tree, source).suspicions];
}

function neutralizeBody(statement: ParsedText, body: Body, source: SourceSchema): Neutral {
  if (body.language === "plpgsql")
    return neutralizePlpgsql(statement, body, source, (text) => neutralizeText(text, source));
  if (body.language === "sql") return neutralizeText(body.value, source);
  return opaque(body.value, `a function body in ${body.language}`, source);
}

/** Neutralizes every statement of a text, such as the body of an SQL function. */
function neutralizeText(text: string, source: SourceSchema): Neutral {
  try {
    const statements = parseText(text).map((statement) => ({
      statement,
      neutral: neutralize(statement, source),
    }));
    const edits = statements.map(({ statement, neutral }) => ({
      start: statement.offset,
      end: statement.offset + Buffer.byteLength(statement.text),
      replacement: neutral.sql,
    }));
    return {
      sql: applyEdits(text, edits),
      trees: statements.flatMap(({ neutral }) => neutral.trees),
      unproved: statements.flatMap(({ neutral }) => neutral.unproved),
      unreplaced: statements.flatMap(({ neutral }) => neutral.unreplaced),
    };
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    return opaque(text, `a body that does not parse: ${error.message}`, source);
  }
}

/** Every name in front of a dot must be a schema, or a table, alias or column, to the tree. */
function unexplained(statement: ParsedText, found: Found<Tree>, source: SourceSchema): string[] {
  if (found.unexplained) return [];
  const { schemas, others } = namesOfTree(found.proof ?? statement.tree, source);
  const isKnown = (name: string) =>
    schemas.has(name) || others.has(name) || (source.has(name) && found.proof !== undefined);
  return qualifiersIn(statement.tokens)
    .filter((name) => !isKnown(name))
    .map((name) => `what the name ${name} refers to`);
}

/** Where `SET search_path = public` says the schema, as a statement or of a function, in the statement's own text. */
function placesInPath({ tree, offset }: ParsedText, source: SourceSchema): Set<number> {
  const places = new Set<number>();
  for (const { value, location } of searchPathOf(tree))
    if (source.has(value)) places.add(location - offset);
  if (!("CreateFunctionStmt" in tree || "AlterFunctionStmt" in tree)) return places;
  walk(tree, (node, key) => {
    if (key !== "DefElem" || node.defname !== "set" || !isTree(node.arg)) return;
    for (const { value, location } of searchPathOf(node.arg))
      if (source.has(value)) places.add(location - offset);
  });
  return places;
}
