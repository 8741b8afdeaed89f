import { quoteIdentifier } from "../core/quoting.ts";
import { statementsInDoBlock } from "../sql/do-block.ts";
import { GrammarError, parse, type Tree } from "../sql/parser.ts";
import { overlap, type Subject, subjectsOf, typesIn } from "../sql/subjects.ts";
import { isTree, unwrap } from "../sql/tree.ts";

/**
 * Selects the statements of a down that concern an object which the migration changed, and those that they need: to
 * recreate a type, the columns of that type and their dependents have to be changed, too.
 *
 * @param statements each of them can contain several
 * @param up the text of the migration; if it does not parse, all statements are selected
 * @param sources the schema names that both use for the tenant's schema
 */
export function ownChanges(
  statements: readonly string[],
  up: string,
  sources: readonly string[],
): string[] {
  const about = (tree: Tree) => subjectsOf(tree, sources);
  const own = treesOf(up)?.flatMap(about);
  if (own === undefined) return [...statements];
  const read = statements.map((text) => {
    const trees = treesOf(text);
    return {
      text,
      subjects: trees?.flatMap(about),
      types: trees?.flatMap((tree) => typesIn(tree, sources)) ?? [],
    };
  });
  const types = own.flatMap(({ kind, name }) => (kind === "type" ? name : []));
  const needed = read.flatMap(({ subjects = [], types: used }) =>
    used.some((type) => types.includes(type)) ? subjects : [],
  );
  const made = read.flatMap(({ subjects = [] }) => subjects);
  const again = (subject: Subject) =>
    types.length > 0 && made.filter((one) => overlap(one, subject)).length > 1;
  const isKept = (subject: Subject) =>
    again(subject) || [...own, ...needed].some((one) => overlap(one, subject));
  return read.flatMap(({ text, subjects }) =>
    subjects === undefined || subjects.length === 0 || subjects.some(isKept) ? text : [],
  );
}

/**
 * The down of a text that only renames; undefined for any other text. It renames in reverse order: two objects swap their
 * names through a third name.
 */
export function renamesOnly(up: string): string[] | undefined {
  const back = (treesOf(up) ?? []).map(renamedBack);
  if (back.length === 0 || back.some((one) => one === undefined)) return undefined;
  return back.flatMap((one) => one ?? []).reverse();
}

function renamedBack(tree: Tree): string | undefined {
  const [kind, body] = unwrap(tree);
  const { relation, renameType, subname, newname } = body;
  if (kind !== "RenameStmt" || !isTree(relation)) return undefined;
  const { schemaname, relname } = relation;
  const name = quoteIdentifier;
  const schema = typeof schemaname === "string" ? `${name(schemaname)}.` : "";
  const table = name(String(relname));
  const to = name(String(newname));
  if (renameType === "OBJECT_COLUMN" && body.relationType === "OBJECT_TABLE")
    return `ALTER TABLE ${schema}${table} RENAME COLUMN ${to} TO ${name(String(subname))};`;
  if (renameType === "OBJECT_TABCONSTRAINT")
    return `ALTER TABLE ${schema}${table} RENAME CONSTRAINT ${to} TO ${name(String(subname))};`;
  if (renameType === "OBJECT_TABLE") return `ALTER TABLE ${schema}${to} RENAME TO ${table};`;
  return undefined;
}

/** The parse trees of a text and of the statements in its DO blocks; undefined if it does not parse. */
function treesOf(text: string): Tree[] | undefined {
  try {
    return parse(text).flatMap(({ tree }) => [tree, ...statementsInDoBlock(tree)]);
  } catch (error) {
    if (error instanceof GrammarError) return undefined;
    throw error;
  }
}
