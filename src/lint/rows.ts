import type { Tree } from "../sql/parser.ts";
import type { SourceSchema } from "../sql/source-schema.ts";
import { isTree, stringOf, unwrap, walk } from "../sql/tree.ts";
import { type LintedStatement, nameOf, type RelationName } from "./rule.ts";
import type { LintedTable, TracedRelation } from "./schema.ts";
import { listOf, relationIn } from "./tree-parts.ts";

/** INSERT, UPDATE, DELETE or MERGE: a statement, or a part of its WITH clause. */
export interface RowChange {
  readonly kind: string;
  readonly body: Tree;
  readonly table: RelationName;
}

/** The changes of rows in a statement. */
export function rowChangesOf(kind: string, body: Tree, source: SourceSchema): RowChange[] {
  if (!/^(Select|Insert|Update|Delete|Merge)Stmt$/.test(kind)) return [];
  const nested = isTree(body.withClause) ? listOf(body.withClause.ctes) : [];
  const inner = nested.flatMap((one) => {
    const query = unwrap(one)[1].ctequery;
    return isTree(query) ? rowChangesOf(...unwrap(query), source) : [];
  });
  const table = kind === "SelectStmt" ? undefined : relationIn(body.relation, source);
  return table === undefined ? inner : [...inner, { kind, body, table }];
}

/** The existing tables of which a statement changes or copies rows without a bound that its text shows. */
export function changesManyRows(statement: LintedStatement): TracedRelation[] {
  const { kind, body, source, before, isNew } = statement;
  return rowChangesOf(kind, body, source).flatMap((change) => {
    const read = change.kind === "InsertStmt" ? tablesRead(change.body, source) : [change.table];
    const old = read.filter((table) => !isNew(table));
    const unbound = old.filter((table) => !isOneKey(change, table, before?.get(nameOf(table))));
    return unbound.map((table) => ({ ...table, kind: before?.get(nameOf(table))?.kind ?? "r" }));
  });
}

/** The tables that an INSERT ... SELECT reads; none for VALUES. */
function tablesRead(insert: Tree, source: SourceSchema): RelationName[] {
  const own = new Set<string>();
  walk(insert, (node, key) => {
    if (key === "CommonTableExpr") own.add(String(node.ctename));
  });
  const found: RelationName[] = [];
  walk([insert.selectStmt, insert.withClause], (node, key) => {
    const relation = key === "RangeVar" ? relationIn(node, source) : undefined;
    if (relation !== undefined && !own.has(relation.name)) found.push(relation);
  });
  return found;
}

/** True if the WHERE clause names constants for all columns of a unique index. */
function isOneKey(
  { kind, body }: RowChange,
  table: RelationName,
  known: LintedTable | undefined,
): boolean {
  const select = isTree(body.selectStmt) ? unwrap(body.selectStmt)[1] : {};
  const from = listOf(select.fromClause);
  // With several tables, it is not clear which one a column belongs to.
  if (kind === "InsertStmt" && (from.length !== 1 || !("RangeVar" in (from[0] ?? {}))))
    return false;
  if (body.fromClause !== undefined || body.usingClause !== undefined || kind === "MergeStmt")
    return false;
  const columns = new Set(
    fixedColumns(kind === "InsertStmt" ? select.whereClause : body.whereClause),
  );
  if (known === undefined || known.name !== table.name) return false;
  return known.indexes.some(
    (index) =>
      index.unique &&
      !index.partial &&
      index.columns.every((name) => name !== "" && columns.has(name)),
  );
}

/** The columns that a condition compares with constants. */
function fixedColumns(condition: unknown): string[] {
  if (!isTree(condition)) return [];
  const [kind, node] = unwrap(condition);
  if (kind === "BoolExpr" && node.boolop === "AND_EXPR")
    return listOf(node.args).flatMap(fixedColumns);
  if (kind !== "A_Expr" || !/^AEXPR_(OP|IN|OP_ANY)$/.test(String(node.kind))) return [];
  const [operator] = listOf(node.name).map(stringOf);
  const column =
    isTree(node.lexpr) && "ColumnRef" in node.lexpr ? unwrap(node.lexpr)[1] : undefined;
  if (operator !== "=" || column === undefined || !isConstant(node.rexpr)) return [];
  const name = stringOf(listOf(column.fields).at(-1));
  return name === undefined ? [] : [name];
}

function isConstant(value: unknown): boolean {
  let constant = true;
  walk(value, (_, key) => {
    if (/^(ColumnRef|SubLink|FuncCall)$/.test(key)) constant = false;
  });
  return constant;
}

/** The words of the marks (`-- drizzle-fleet: <word> ...`) in the comment lines directly above a statement. */
export function marksAbove({ migration, statement }: LintedStatement): string[] {
  const lines = migration.text.split("\n").slice(0, statement.line - 1);
  const found: string[] = [];
  for (let line = lines.pop()?.trim(); line?.startsWith("--"); line = lines.pop()?.trim()) {
    const [, word] = /^--\s*drizzle-fleet:\s*([a-z-]+)/.exec(line) ?? [];
    if (word !== undefined) found.push(word);
  }
  return found;
}
