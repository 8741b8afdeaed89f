import { type Condition, comparisonsIn, conjunctsOf } from "./catalog-conditions.ts";
import {
  functionRelation,
  type Output,
  type Relation,
  relationOf,
  resolve,
  type Scope,
  subqueryRelation,
} from "./catalog-scope.ts";
import type { Tree } from "./parser.ts";
import { isTree, stringOf } from "./tree.ts";

/** A join of two parts of a FROM clause. */
interface Join {
  /** Sides whose rows are null where nothing joins. */
  readonly nullable: readonly ReadonlySet<Relation>[];
  readonly both: ReadonlySet<Relation>;
  readonly conditions: readonly unknown[];
}

/** A FROM clause, read. */
export interface From {
  readonly relations: Relation[];
  readonly joins: Join[];
}

/** Reads a subquery in FROM, which sees the entries before it if it is LATERAL. */
export type ReadSubquery = (select: Tree, isLateral: boolean) => readonly Output[];

/** Adds an entry of a FROM clause, or two that are joined. Gives the relations in it. */
export function addFrom(
  item: unknown,
  from: From,
  scope: Scope,
  readSubquery: ReadSubquery,
): Relation[] {
  if (!isTree(item)) return [];
  if (isTree(item.JoinExpr)) return addJoin(item.JoinExpr, from, scope, readSubquery);
  const sampled = isTree(item.RangeTableSample) ? item.RangeTableSample.relation : undefined;
  if (sampled !== undefined) return addFrom(sampled, from, scope, readSubquery);
  const relation = entryOf(item, scope, readSubquery);
  from.relations.push(relation);
  return [relation];
}

function entryOf(item: Tree, scope: Scope, readSubquery: ReadSubquery): Relation {
  if (isTree(item.RangeVar)) return relationOf(item.RangeVar, scope.ctes);
  if (isTree(item.RangeFunction)) return functionRelation(item.RangeFunction);
  if (!isTree(item.RangeSubselect)) return subqueryRelation("", undefined, undefined);
  const { subquery, alias, lateral } = item.RangeSubselect;
  const { aliasname, colnames } = isTree(alias) ? alias : {};
  const outputs = isTree(subquery) ? readSubquery(subquery, lateral === true) : undefined;
  return subqueryRelation(String(aliasname ?? ""), outputs, colnames);
}

function addJoin(join: Tree, from: From, scope: Scope, readSubquery: ReadSubquery): Relation[] {
  const left = addFrom(join.larg, from, scope, readSubquery);
  const right = addFrom(join.rarg, from, scope, readSubquery);
  const sides: Readonly<Record<string, readonly Relation[][]>> = {
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

/** What USING says of a column. */
function equalityOf(column: string, left: readonly Relation[], right: readonly Relation[]): Tree[] {
  const has = ({ catalog, outputs }: Relation) =>
    catalog?.columns.has(column) === true || outputs.has(column);
  const [one, other] = [left.find(has), right.find(has)];
  if (one === undefined || other === undefined) return [];
  const reference = ({ name }: Relation) => ({
    ColumnRef: { fields: [name, column].map((sval) => ({ String: { sval } })) },
  });
  const name = [{ String: { sval: "=" } }];
  return [{ A_Expr: { kind: "AEXPR_OP", name, lexpr: reference(one), rexpr: reference(other) } }];
}

/**
 * What holds for the rows of a query, by WHERE and by its joins. An outer join's condition holds for the side that is
 * null without it; for both, when something else demands a value of that side.
 */
export function conditionsOf(from: From, where: unknown, scope: Scope): Condition[] {
  const all = new Set(from.relations);
  const found: Condition[] = conjunctsOf(where).map((expression) => ({
    expression,
    scope,
    limited: all,
  }));
  const demanded = new Set(found.flatMap(({ expression }) => demandedBy(expression, scope)));
  const open = new Set(from.joins);
  for (let size = -1; size !== open.size; ) {
    size = open.size;
    for (const join of open) {
      const isInner = join.nullable.every((side) => [...side].some((one) => demanded.has(one)));
      if (!isInner) continue;
      open.delete(join);
      found.push(
        ...join.conditions.map((expression) => ({ expression, scope, limited: join.both })),
      );
      // Inside the side of an outer join it holds for what joins, and demands nothing of the rest.
      if (![...open].some(({ nullable }) => nullable.some((side) => isWithin(join.both, side))))
        for (const expression of join.conditions)
          for (const one of demandedBy(expression, scope)) demanded.add(one);
    }
  }
  for (const { nullable, conditions } of open)
    if (nullable.length === 1 && nullable[0] !== undefined)
      for (const expression of conditions) found.push({ expression, scope, limited: nullable[0] });
  return found;
}

function isWithin(part: ReadonlySet<Relation>, whole: ReadonlySet<Relation>): boolean {
  return [...part].every((one) => whole.has(one));
}

/** The entries of FROM of which a comparison demands a value. */
function demandedBy(expression: unknown, scope: Scope): Relation[] {
  if (!isTree(expression)) return [];
  const { kind } = isTree(expression.A_Expr) ? expression.A_Expr : {};
  if (/DISTINCT|OP_ALL/.test(String(kind))) return [];
  return comparisonsIn(expression).flatMap(({ left, right }) =>
    [left, ...(right.length === 1 ? right : [])].flatMap((side) => relationIn(side, scope) ?? []),
  );
}

function relationIn(node: unknown, scope: Scope): Relation | undefined {
  if (!isTree(node)) return undefined;
  if (isTree(node.TypeCast)) return relationIn(node.TypeCast.arg, scope);
  const resolved = isTree(node.ColumnRef) ? resolve(node.ColumnRef, scope) : undefined;
  return resolved === "variable" ? undefined : resolved?.relation;
}
