import { quoteIdentifier } from "../core/quoting.ts";
import type { Tree } from "../sql/parser.ts";
import { isTree, stringsOf, walk } from "../sql/tree.ts";
import { type Asserted, assertion, notAsserted, remedies } from "./assertion.ts";
import { constraintsOf, hasDefault, type PendingChanges } from "./changes.ts";
import {
  indexOfKeyword,
  inParentheses,
  keyOf,
  type PendingStatement,
  type Relation,
  relationOf,
  type TableCommand,
} from "./statement.ts";

/** A table that a statement changes, and what the statements before have changed. */
export interface Subject {
  readonly pending: PendingStatement;
  readonly table: Relation;
  readonly changes: PendingChanges;
  /** The statement whose text contains the constraint, if that is another one. */
  readonly source?: PendingStatement;
}

/** SET NOT NULL. */
export function assertNotNull({ pending, table, changes }: Subject, column: string): Asserted {
  const before = changes.before(table, [column]);
  if (before.kind === "changed") return notAsserted(pending, before.reason);
  if (before.kind === "empty") return undefined;
  const name = `${keyOf(table)}.${column}`;
  // If the column is added without a default, it is NULL in every row.
  const condition = before.kind === "nulls" ? "" : ` WHERE ${quoteIdentifier(column)} IS NULL`;
  return assertion(
    pending,
    `column ${name} is NULL, and becomes NOT NULL`,
    `SELECT FROM ${table.sql}${condition}`,
    remedies.nulls,
  );
}

/** UNIQUE and PRIMARY KEY as constraints of a table. */
export function assertKey({ pending, table, changes }: Subject, definition: Tree): Asserted {
  // Its index exists already, or is made by a statement that is asserted itself.
  if (definition.indexname !== undefined) return undefined;
  const columns = stringsOf(definition.keys) ?? [];
  const before = changes.before(table, columns);
  if (before.kind === "changed") return notAsserted(pending, before.reason);
  if (before.kind === "empty") return undefined;
  const areNullsEqual = definition.nulls_not_distinct === true;
  if (before.kind === "nulls" && !areNullsEqual) return undefined;
  if (before.kind === "nulls")
    return notAsserted(pending, `a pending migration adds ${keyOf(table)}.${before.column}`);
  return assertUnique(pending, table, columns.map(quoteIdentifier), {
    areNullsEqual: areNullsEqual || definition.contype === "CONSTR_PRIMARY",
    names: columns.join(", "),
  });
}

/** How values are compared, and which rows. */
export interface Uniqueness {
  readonly areNullsEqual: boolean;
  /** A condition on the rows, as SQL. */
  readonly predicate?: string | undefined;
  /** The columns or expressions, for people. */
  readonly names: string;
}

/** Each value that occurs more than once is a row of the result. */
export function assertUnique(
  pending: PendingStatement,
  table: Relation,
  expressions: readonly string[],
  { areNullsEqual, predicate, names }: Uniqueness,
): Asserted {
  const conditions = [
    ...(predicate === undefined ? [] : [`(${predicate})`]),
    ...(areNullsEqual ? [] : expressions.map((one) => `(${one}) IS NOT NULL`)),
  ];
  const where = conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;
  return assertion(
    pending,
    `values of ${keyOf(table)} (${names}) occur more than once, and become unique`,
    // Parentheses, so that a number would not mean a column of the result.
    `SELECT FROM ${table.sql}${where} GROUP BY ${expressions.map((one) => `(${one})`).join(", ")} HAVING count(*) > 1`,
    remedies.duplicates,
  );
}

/** A foreign key: rows without the row that they refer to. */
export function assertForeignKey({ pending, table, changes }: Subject, definition: Tree): Asserted {
  const parent = relationOf(definition.pktable);
  const [columns, keys] = [
    stringsOf(definition.fk_attrs) ?? [],
    stringsOf(definition.pk_attrs) ?? [],
  ];
  if (parent === undefined || columns.length === 0 || columns.length !== keys.length)
    return notAsserted(pending, "the foreign key does not name the columns that it refers to");
  const before = changes.before(table, columns);
  if (before.kind === "changed") return notAsserted(pending, before.reason);
  const isFull = definition.fk_matchtype === "f";
  if (before.kind === "empty" || (before.kind === "nulls" && !isFull)) return undefined;
  const parentBefore = changes.before(parent, keys);
  if (parentBefore.kind === "changed") return notAsserted(pending, parentBefore.reason);
  if (parentBefore.kind === "nulls" || before.kind === "nulls")
    return notAsserted(pending, "a pending migration adds one of its columns");
  const quoted = columns.map((column) => `c.${quoteIdentifier(column)}`);
  const allSet = quoted.map((column) => `${column} IS NOT NULL`).join(" AND ");
  const equal = keys
    .map((key, index) => `p.${quoteIdentifier(key)} = ${quoted[index]}`)
    .join(" AND ");
  // A table that is created before it has no rows.
  const orphans =
    parentBefore.kind === "empty"
      ? allSet
      : `${allSet} AND NOT EXISTS (SELECT FROM ${parent.sql} p WHERE ${equal})`;
  const partial = `pg_catalog.num_nulls(${quoted.join(", ")}) BETWEEN 1 AND ${columns.length - 1}`;
  return assertion(
    pending,
    `${keyOf(table)} (${columns.join(", ")}) refers to rows that are not in ${keyOf(parent)}`,
    `SELECT FROM ${table.sql} c WHERE ${isFull ? `(${orphans}) OR ${partial}` : orphans}`,
    remedies.orphans,
  );
}

/** CHECK. drizzle-kit qualifies columns with their table, so the table gets no alias. */
export function assertCheck(subject: Subject, { definition, tokens }: TableCommand): Asserted {
  const { pending, table, changes, source = pending } = subject;
  const inside = inParentheses(tokens, indexOfKeyword(tokens, "CHECK"));
  if (inside === undefined) return notAsserted(pending, "the expression of CHECK was not found");
  const before = changes.before(table, columnsIn(definition.raw_expr));
  if (before.kind === "changed") return notAsserted(pending, before.reason);
  if (before.kind === "empty") return undefined;
  if (before.kind === "nulls")
    return notAsserted(pending, `a pending migration adds ${keyOf(table)}.${before.column}`);
  const name = typeof definition.conname === "string" ? definition.conname : "CHECK";
  return assertion(
    pending,
    `rows of ${keyOf(table)} violate ${name}: ${source.textOf(inside).replace(/\s+/g, " ")}`,
    `SELECT FROM ${table.sql} WHERE NOT (${source.textOf(inside)})`,
    remedies.check,
  );
}

/** The last names of all column references in an expression. */
export function columnsIn(expression: unknown): string[] {
  const found: string[] = [];
  walk(expression, (node, key) => {
    if (key !== "ColumnRef" || !Array.isArray(node.fields)) return;
    const last: unknown = node.fields.at(-1);
    if (isTree(last) && isTree(last.String)) found.push(String(last.String.sval));
  });
  return found;
}

/** A new column: one that is required needs a default, and a constraint on it looks at the default in each row. */
export function assertAddedColumn(
  subject: Subject,
  { definition, isTolerant }: TableCommand,
): Asserted[] {
  const { pending, table, changes } = subject;
  const constraints = constraintsOf(definition);
  const column = `${keyOf(table)}.${String(definition.colname)}`;
  const before = changes.before(table, []);
  if (before.kind === "empty" || isTolerant) return [];
  const types = new Set(constraints.map(({ contype }) => contype));
  const isRequired = types.has("CONSTR_NOTNULL") || types.has("CONSTR_PRIMARY");
  const isFilled = hasDefault(definition);
  if (isRequired && !isFilled) {
    if (before.kind === "changed") return [notAsserted(pending, before.reason)];
    return [
      assertion(
        pending,
        `${keyOf(table)} has rows, and the new column ${column} is NOT NULL without a default`,
        `SELECT FROM ${table.sql}`,
        remedies.required,
      ),
    ];
  }
  const checked = ["CONSTR_CHECK", "CONSTR_FOREIGN", "CONSTR_UNIQUE", "CONSTR_EXCLUSION"];
  const isChecked = isFilled && checked.some((type) => types.has(type));
  return isChecked ? [notAsserted(pending, `a constraint checks the default of ${column}`)] : [];
}
