import { type Condition, comparisonsIn, conjunctsOf } from "./catalog-conditions.ts";
import {
  type FromEntry,
  functionEntry,
  type Output,
  resolveColumn,
  type Scope,
  subqueryEntry,
  tableEntry,
} from "./catalog-scope.ts";
import type { Tree } from "./parser.ts";
import { isTree, stringOf } from "./tree.ts";

/** A join of two parts of a FROM clause. */
interface Join {
  /** The sides whose columns are null for rows without a match. */
  readonly nullable: readonly ReadonlySet<FromEntry>[];
  readonly both: ReadonlySet<FromEntry>;
  readonly conditions: readonly unknown[];
}

/** The entries and joins of a FROM clause. */
export interface From {
  readonly relations: FromEntry[];
  readonly joins: Join[];
}

/** Reads a subquery in FROM, which can refer to the entries before it if it is LATERAL. */
export type ReadSubquery = (select: Tree, isLateral: boolean) => readonly Output[];

/** Adds an entry of a FROM clause, or a join of entries, and returns the entries in it. */
export function addFrom(
  item: unknown,
  from: From,
  scope: Scope,
  readSubquery: ReadSubquery,
): FromEntry[] {
  if (!isTree(item)) return [];
  if (isTree(item.JoinExpr)) return addJoin(item.JoinExpr, from, scope, readSubquery);
  const sampled = isTree(item.RangeTableSample) ? item.RangeTableSample.relation : undefined;
  if (sampled !== undefined) return addFrom(sampled, from, scope, readSubquery);
  const relation = entryOf(item, scope, readSubquery);
  from.relations.push(relation);
  return [relation];
}

function entryOf(item: Tree, scope: Scope, readSubquery: ReadSubquery): FromEntry {
  if (isTree(item.RangeVar)) return tableEntry(item.RangeVar, scope.ctes);
  if (isTree(item.RangeFunction)) return functionEntry(item.RangeFunction);
  if (!isTree(item.RangeSubselect)) return subqueryEntry("", undefined, undefined);
  const { subquery, alias, lateral } = item.RangeSubselect;
  const { aliasname, colnames } = isTree(alias) ? alias : {};
  const outputs = isTree(subquery) ? readSubquery(subquery, lateral === true) : undefined;
  return subqueryEntry(String(aliasname ?? ""), outputs, colnames);
}

function addJoin(join: Tree, from: From, scope: Scope, readSubquery: ReadSubquery): FromEntry[] {
  const left = addFrom(join.larg, from, scope, readSubquery);
  const right = addFrom(join.rarg, from, scope, readSubquery);
  const sides: Readonly<Record<string, readonly FromEntry[][]>> = {
    JOIN_INNER: [],
    JOIN_LEFT: [right],
    JOIN_RIGHT: [left],
  };
  const nullable = (sides[String(join.jointype)] ?? [left, right]).map((side) => new Set(side));
  const columns = (Array.isArray(join.usingClause) ? join.usingClause : []).flatMap(
    (name) => stringOf(name) ?? [],
  );
  const equal = columns.flatMap((column) => equalityOf(column, left, right));
  const both = new Set([...left, ...right]);
  from.joins.push({ nullable, both, conditions: [...conjunctsOf(join.quals), ...equal] });
  return [...both];
}

/** The condition of a column in USING. */
function equalityOf(
  column: string,
  left: readonly FromEntry[],
  right: readonly FromEntry[],
): Tree[] {
  const has = ({ catalog, outputs }: FromEntry) =>
    catalog?.columns.has(column) === true || outputs.has(column);
  const [one, other] = [left.find(has), right.find(has)];
  if (one === undefined || other === undefined) return [];
  const reference = ({ name }: FromEntry) => ({
    ColumnRef: { fields: [name, column].map((sval) => ({ String: { sval } })) },
  });
  const name = [{ String: { sval: "=" } }];
  return [{ A_Expr: { kind: "AEXPR_OP", name, lexpr: reference(one), rexpr: reference(other) } }];
}

/**
 * The conditions that the rows of a query meet, from WHERE and its joins. The condition of an outer join limits the side
 * that is null without a match; it limits both sides if another condition requires a value from that side.
 */
export function conditionsOf(from: From, where: unknown, scope: Scope): Condition[] {
  const all = new Set(from.relations);
  const found: Condition[] = conjunctsOf(where).map((expression) => ({
    expression,
    scope,
    limited: all,
  }));
  const required = new Set(found.flatMap(({ expression }) => requiredBy(expression, scope)));
  const open = new Set(from.joins);
  for (let size = -1; size !== open.size; ) {
    size = open.size;
    for (const join of open) {
      const isInner = join.nullable.every((side) => [...side].some((one) => required.has(one)));
      if (!isInner) continue;
      open.delete(join);
      found.push(
        ...join.conditions.map((expression) => ({ expression, scope, limited: join.both })),
      );
      // On a nullable side of an outer join it applies to matching rows, and requires nothing of the others.
      if (![...open].some(({ nullable }) => nullable.some((side) => isWithin(join.both, side))))
        for (const expression of join.conditions)
          for (const one of requiredBy(expression, scope)) required.add(one);
    }
  }
  for (const { nullable, conditions } of open)
    if (nullable.length === 1 && nullable[0] !== undefined)
      for (const expression of conditions) found.push({ expression, scope, limited: nullable[0] });
  return found;
}

function isWithin(part: ReadonlySet<FromEntry>, whole: ReadonlySet<FromEntry>): boolean {
  return [...part].every((one) => whole.has(one));
}

/** The entries of FROM from which a comparison requires a value. */
function requiredBy(expression: unknown, scope: Scope): FromEntry[] {
  if (!isTree(expression)) return [];
  const { kind } = isTree(expression.A_Expr) ? expression.A_Expr : {};
  if (/DISTINCT|OP_ALL/.test(String(kind))) return [];
  return comparisonsIn(expression).flatMap(({ left, right }) =>
    [left, ...(right.length === 1 ? right : [])].flatMap((side) => relationIn(side, scope) ?? []),
  );
}

function relationIn(node: unknown, scope: Scope): FromEntry | undefined {
  if (!isTree(node)) return undefined;
  if (isTree(node.TypeCast)) return relationIn(node.TypeCast.arg, scope);
  const resolved = isTree(node.ColumnRef) ? resolveColumn(node.ColumnRef, scope) : undefined;
  return resolved === "variable" ? undefined : resolved?.relation;
}
