import { parse, type Tree } from "./parser.ts";
import { identifierValue, qualifiedNameKeys } from "./references.ts";
import type { RawStatement } from "./split.ts";
import { isTree, stringOf, walk } from "./tree.ts";

/**
 * Takes the qualifier `public.` out of a statement, so that its names resolve in the tenant schema.
 *
 * The tokens say where a qualifier may stand, and the parse tree proves the result: the tree of the new text
 * must equal the old one but for schema names that were `public`. Roles, aliases, columns, literals and
 * comments that merely contain the word stay as they are.
 *
 * @returns the new text with its tree, or undefined when the proof fails
 */
export function neutralize(statement: RawStatement): { sql: string; tree: Tree } | undefined {
  const cuts = qualifiers(statement);
  if (cuts.length === 0) return { sql: statement.text, tree: statement.tree };
  const sql = cut(statement, cuts);
  const [parsed, ...more] = parse(sql);
  if (parsed === undefined || more.length > 0) return undefined;
  return sameButForSchema(statement.tree, parsed.tree) ? { sql, tree: parsed.tree } : undefined;
}

type Range = readonly [start: number, end: number];

/** Byte ranges, in the statement's own text, of each `public` that is followed by a dot and follows none. */
function qualifiers(statement: RawStatement): Range[] {
  const { tokens } = statement;
  const aliases = placesOfAliases(statement.tree);
  const offset = statement.start - statement.base;
  return tokens.flatMap((token, index): Range[] => {
    const next = tokens[index + 2];
    const qualifies =
      tokens[index + 1]?.text === "." && tokens[index - 1]?.text !== "." && next !== undefined;
    if (!qualifies || identifierValue(token.text) !== "public" || aliases.has(token.start))
      return [];
    return [[token.start - offset, next.start - offset]];
  });
}

/** Where `public.x` is a column of a table or alias called public, and `(public.x)` a part of a column. */
function placesOfAliases(tree: Tree): Set<number> {
  const places = new Set<number>();
  walk(tree, (node, key) => {
    const fields = node.fields;
    const column = key === "ColumnRef" && Array.isArray(fields) && fields.length === 2;
    const part = key === "ResTarget" && node.name === "public" && node.indirection !== undefined;
    if (column || part) places.add(typeof node.location === "number" ? node.location : 0);
  });
  return places;
}

function cut(statement: RawStatement, cuts: readonly Range[]): string {
  const bytes = Buffer.from(statement.text, "utf8");
  const kept: Buffer[] = [];
  let from = 0;
  for (const [start, end] of cuts) {
    kept.push(bytes.subarray(from, start));
    from = end;
  }
  kept.push(bytes.subarray(from));
  return Buffer.concat(kept).toString("utf8");
}

function sameButForSchema(before: unknown, after: unknown, key = ""): boolean {
  if (Array.isArray(before) && Array.isArray(after)) {
    const lost = before.length === after.length + 1 && mayLoseQualifier(before, key);
    const rest = lost ? before.slice(1) : before;
    return (
      rest.length === after.length &&
      rest.every((item, index) => sameButForSchema(item, after[index]))
    );
  }
  if (isTree(before) && isTree(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].every(
      (name) =>
        isPosition(name) ||
        (name === "schemaname" &&
          "relname" in before &&
          before[name] === "public" &&
          after[name] === undefined) ||
        sameButForSchema(before[name], after[name], name),
    );
  }
  return before === after;
}

/** A list of names that starts with the schema: a qualified name, a column with its table, a plain list. */
function mayLoseQualifier(list: readonly unknown[], key: string): boolean {
  if (stringOf(list[0]) !== "public") return false;
  if (key === "fields") return list.length >= 3;
  return (qualifiedNameKeys.has(key) || key === "items") && list.length >= 2;
}

/** Byte offsets change when text is cut; nothing else may. */
function isPosition(key: string): boolean {
  return (
    key === "location" || key.endsWith("_location") || key === "list_start" || key === "list_end"
  );
}
