import { fill, placeholder, type Template } from "../core/template.ts";
import { type Body, bodyOf } from "./body.ts";
import { schemaTextsIn } from "./catalog-reads.ts";
import { sameButForSchema } from "./compare-trees.ts";
import { type FoundSchemas, findSchemas, qualifiersIn } from "./find-schemas.ts";
import { namesOfTree } from "./names-in-tree.ts";
import { type Neutralized, unreadableText } from "./neutralized.ts";
import { applyEdits, type ParsedText, parseOne, parseText } from "./parsed-text.ts";
import { GrammarError, type Tree } from "./parser.ts";
import { neutralizePlpgsql } from "./plpgsql.ts";
import { reachOf } from "./reach.ts";
import { searchPathOf } from "./search-path.ts";
import type { SourceSchema } from "./source-schema.ts";
import { isTree, walk } from "./tree.ts";

/** What a statement must contain to name a schema other than the source schema: a dot before a name. */
const dotBeforeName = /["\p{L}\p{N}_$]\s*\.\s*[^\s\p{N},)]/u;

/**
 * Replaces the source schema by a gap for the tenant schema wherever it is a schema: as a qualifier, as an object
 * (`IN SCHEMA public`), in literals that are read as names, and in the bodies of functions and DO blocks.
 *
 * The tokens show where the name is spelled, and the parse tree which of those places are schemas. Roles, aliases,
 * columns, other literals and comments keep theirs. The result is proved: parsed again, its tree equals the original's
 * except for those schema names. A name in front of a dot that the tree does not explain is reported.
 *
 * Replacing the qualifier is safer than removing it: a CTE, an alias, a temporary table or pg_catalog can capture a
 * name without one, and a function body would depend on its caller's search_path.
 */
export function neutralize(statement: ParsedText, source: SourceSchema): Neutralized {
  const neutral = withGaps(statement, source);
  // A name that cannot be replaced does no harm where the target has that name.
  if (neutral.unreplaced.length === 0 || !source.isValidIn(statement.text)) return neutral;
  return { ...withGaps(statement, source.withoutReplacing), boundToSchema: true };
}

function withGaps(statement: ParsedText, source: SourceSchema): Neutralized {
  // Even a body that does not spell the schema may set the search_path, or execute text.
  const body = bodyOf(statement);
  const inside = body === undefined ? undefined : neutralizeBody(statement, body, source);
  const outside =
    source.mayBeIn(statement.text) || dotBeforeName.test(statement.text)
      ? findSchemas(
          {
            text: statement.text,
            tokens: () => statement.tokens,
            alsoNames: namesInSearchPath(statement, source),
          },
          source,
          {
            read: parseOne,
            namesIn: (reading) => namesOfTree(reading, source),
            schemaTextsIn: (reading) => schemaTextsIn(reading, source),
          },
        )
      : undefined;
  const parts: StatementParts = { statement, source, body, inside, outside };
  const sql = sqlWithGaps(parts);
  return sql === undefined ? resultOf(parts, statement.tree) : provedResult(parts, sql);
}

/** A statement with the results for its body, and for its text outside of the body. */
interface StatementParts {
  readonly statement: ParsedText;
  readonly source: SourceSchema;
  readonly body: Body | undefined;
  readonly inside: Neutralized | undefined;
  /** Undefined for a text that names no schema. */
  readonly outside: FoundSchemas<Tree> | undefined;
}

/** A statement's text with gaps, and its tree; undefined when the text does not parse. */
interface GappedSql {
  readonly template: Template;
  readonly tree: Tree | undefined;
}

/** The statement's text with gaps; undefined when it needs none. */
function sqlWithGaps({ statement, body, inside, outside }: StatementParts): GappedSql | undefined {
  if (outside === undefined) return undefined;
  const bodyChanged = body !== undefined && inside !== undefined && inside.sql.length > 1;
  if (outside.edits.length === 0 && !bodyChanged) return undefined;
  // A body that is spelled like a name in the source schema is a body nonetheless.
  const edits = outside.edits.filter(({ start }) => start !== body?.token.start);
  if (bodyChanged) edits.push({ ...body.token, replacement: body.write(inside.sql) });
  const template = applyEdits(statement.text, edits);
  const proof = bodyChanged ? undefined : outside.proof;
  return { template, tree: proof ?? parseOne(fill(template, placeholder)) };
}

/** The rewritten statement, if its tree proves that it means the same. */
function provedResult(parts: StatementParts, { template, tree }: GappedSql): Neutralized {
  const { statement, source, body, inside } = parts;
  const bodyAfter = inside === undefined ? undefined : fill(inside.sql, placeholder);
  const approves = (before: string, now: string) => before === body?.value && now === bodyAfter;
  if (tree !== undefined && sameButForSchema(statement.tree, tree, { source, approves }))
    return { ...resultOf(parts, tree), sql: template };
  const unchanged = resultOf(parts, statement.tree);
  const failed = "it may mean something else in another schema";
  return { ...unchanged, unreplaced: [...unchanged.unreplaced, failed], endsTransaction: false };
}

/** @param tree the statement's tree as it will run */
function resultOf(parts: StatementParts, tree: Tree): Neutralized {
  const { statement, source, inside, outside } = parts;
  return {
    sql: [statement.text],
    trees: [tree, ...(inside?.trees ?? [])],
    unproved: [
      ...(inside?.unproved ?? []),
      ...namesOfTree(tree, source).suspicions,
      ...reachOf(tree, source).suspicions,
      ...(outside === undefined ? [] : unexplainedNames(statement, outside, source)),
    ],
    unreplaced: [
      ...(inside?.unreplaced ?? []),
      ...(outside?.unexplained === true
        ? [`it is not clear what the name ${source.first} refers to`]
        : []),
    ],
    endsTransaction: inside?.endsTransaction ?? false,
  };
}

function neutralizeBody(statement: ParsedText, body: Body, source: SourceSchema): Neutralized {
  if (body.language === "plpgsql")
    return neutralizePlpgsql(statement, body, source, (text) => neutralizeText(text, source));
  if (body.language === "sql") return neutralizeText(body.value, source);
  return unreadableText(body.value, `a function body in ${body.language}`, source);
}

/** Neutralizes every statement of a text, such as the body of an SQL function. */
function neutralizeText(text: string, source: SourceSchema): Neutralized {
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
    return unreadableText(text, `a body that does not parse: ${error.message}`, source);
  }
}

/** Every name in front of a dot must be a schema, or a table, alias or column, in the tree. */
function unexplainedNames(
  statement: ParsedText,
  found: FoundSchemas<Tree>,
  source: SourceSchema,
): string[] {
  if (found.unexplained) return [];
  const { schemas, others } = namesOfTree(found.proof ?? statement.tree, source);
  const isKnown = (name: string) =>
    schemas.has(name) || others.has(name) || (source.has(name) && found.proof !== undefined);
  return qualifiersIn(statement.tokens)
    .filter((name) => !isKnown(name))
    .map((name) => `it is not clear what the name ${name} refers to`);
}

/** The offsets of the source schema in `SET search_path = public`, as a statement or as an option of a function. */
function namesInSearchPath({ tree, offset }: ParsedText, source: SourceSchema): Set<number> {
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
