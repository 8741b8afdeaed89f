import { quoteIdentifier } from "../core/quoting.ts";
import type { Token, Tree } from "../sql/parser.ts";
import { isTree, stringsOf } from "../sql/tree.ts";
import { type Asserted, notAsserted } from "./assertion.ts";
import type { PendingChanges } from "./changes.ts";
import { assertUnique, columnsIn } from "./constraints.ts";
import {
  indexOfKeyword,
  inParentheses,
  keyOf,
  type PendingStatement,
  relationOf,
  splitAtCommas,
} from "./statement.ts";

/** CREATE UNIQUE INDEX, on columns and expressions, with a predicate. */
export function assertIndex(pending: PendingStatement, changes: PendingChanges): Asserted {
  const { body, tokens } = pending;
  const table = relationOf(body.relation);
  if (table === undefined) return undefined;
  const elements = elementsOf(pending);
  if (elements === undefined)
    return notAsserted(pending, "the expressions of the index were not found");
  const columns = [
    ...elements.flatMap(({ tree }) =>
      typeof tree.name === "string" ? tree.name : columnsIn(tree.expr),
    ),
    ...columnsIn(body.whereClause),
  ];
  const before = changes.before(table, columns);
  if (before.kind === "changed") return notAsserted(pending, before.reason);
  if (before.kind === "empty") return undefined;
  if (before.kind === "nulls")
    return notAsserted(pending, `a pending migration adds ${keyOf(table)}.${before.column}`);
  const where = indexOfKeyword(tokens, "WHERE");
  return assertUnique(
    pending,
    table,
    elements.map(({ sql }) => sql),
    {
      areNullsEqual: body.nulls_not_distinct === true,
      predicate: where < 0 ? undefined : pending.textOf(tokens.slice(where + 1)),
      names: elements.map(({ label }) => label).join(", "),
    },
  );
}

interface Element {
  readonly tree: Tree;
  readonly sql: string;
  readonly label: string;
}

function elementsOf(pending: PendingStatement): Element[] | undefined {
  const { body, tokens } = pending;
  const inside = inParentheses(tokens, indexOfKeyword(tokens, "ON"));
  const params = Array.isArray(body.indexParams) ? body.indexParams : [];
  if (inside === undefined) return undefined;
  const parts = splitAtCommas(inside);
  if (parts.length !== params.length) return undefined;
  return params.map((item: unknown, index) => {
    const tree = isTree(item) && isTree(item.IndexElem) ? item.IndexElem : {};
    const collation = (stringsOf(tree.collation) ?? []).map(quoteIdentifier).join(".");
    const text =
      typeof tree.name === "string"
        ? quoteIdentifier(tree.name)
        : pending.textOf(expressionTokens(parts[index] ?? []));
    const label = typeof tree.name === "string" ? tree.name : text.replace(/\s+/g, " ");
    return { tree, sql: collation === "" ? text : `${text} COLLATE ${collation}`, label };
  });
}

/** The expression of an index is in parentheses, or a call of a function; what follows is its collation, class and order. */
function expressionTokens(tokens: readonly Token[]): readonly Token[] {
  const open = tokens.findIndex(({ text, kind }) => kind === "other" && text === "(");
  const inside = inParentheses(tokens, open);
  return tokens.slice(0, open + (inside?.length ?? 0) + 2);
}
