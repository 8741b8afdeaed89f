import {
  type ColumnComparison,
  type Condition,
  columnIn,
  comparisonsIn,
  entriesMentioned,
  limitsFor,
} from "./catalog-conditions.ts";
import { addFrom, conditionsOf, type From } from "./catalog-from.ts";
import { merged, originOf } from "./catalog-origins.ts";
import {
  type Ctes,
  type FromEntry,
  type Limits,
  type Output,
  type Scope,
  tableEntry,
} from "./catalog-scope.ts";
import { constantIn } from "./constants.ts";
import type { Tree } from "./parser.ts";
import { reachOf } from "./reach.ts";
import type { SourceSchema } from "./source-schema.ts";
import type { SchemaText } from "./tenant-name.ts";
import { isTree, stringsOf, walk } from "./tree.ts";

/** The reads of catalogs that list the objects of all schemas. */
export interface CatalogReads {
  /** The entries of FROM; `limits` is undefined for a read that no condition limits. */
  readonly reads: readonly FromEntry[];
  /** The constants that are compared with a catalog's column for schemas, and how each names its schema. */
  readonly schemaTexts: ReadonlyMap<string, SchemaText>;
}

const known = new WeakMap<Tree, CatalogReads>();

/** Finds the reads of catalogs, and the conditions that limit them to a schema. */
export function catalogReadsOf(tree: Tree): CatalogReads {
  const before = known.get(tree);
  if (before !== undefined) return before;
  const reader = new CatalogReader();
  reader.read(tree, undefined, new Map());
  // A relation outside of the queries that were read has no known limits.
  walk(tree, (node, key) => {
    if (key !== "RangeVar" || reader.seen.has(node)) return;
    const relation = tableEntry(node, new Map());
    if (relation.catalog !== undefined) reader.reads.push(relation);
  });
  const { reads, schemaTexts } = reader;
  known.set(tree, { reads, schemaTexts });
  return { reads, schemaTexts };
}

/**
 * The constants of a statement that are compared with a catalog's column for schemas, and how each names its schema.
 */
export function schemaTextsIn(tree: Tree, source: SourceSchema): ReadonlyMap<string, SchemaText> {
  return reachOf(tree, source).readsCatalogs ? catalogReadsOf(tree).schemaTexts : none;
}

const none: ReadonlyMap<string, SchemaText> = new Map();

/** How many levels of queries inside conditions are read for their columns. */
const deepest = 3;

class CatalogReader {
  readonly reads: FromEntry[] = [];
  readonly schemaTexts = new Map<string, SchemaText>();
  readonly seen = new Set<Tree>();
  /** How many enclosing queries are being read only for their columns. */
  #asking = 0;

  /** Reads every query in a node. */
  read(node: unknown, scope: Scope | undefined, ctes: Ctes): void {
    if (Array.isArray(node)) for (const item of node) this.read(item, scope, ctes);
    if (!isTree(node)) return;
    if (scope !== undefined && isTree(node.A_Expr)) this.#compare(node, scope);
    const query = queryIn(node);
    if (query !== undefined) this.#query(query, scope, ctes);
    else for (const name in node) this.read(node[name], scope, ctes);
  }

  /** Reads a query and returns its columns. */
  #query(query: Tree, outer: Scope | undefined, visible: Ctes): Output[] {
    const ctes = this.#withCtes(query.withClause, outer, visible);
    if (isTree(query.larg) && isTree(query.rarg)) {
      const left = this.#query(query.larg, outer, ctes);
      const right = this.#query(query.rarg, outer, ctes);
      return left.map((output, index) => ({
        ...output,
        origin: common(output, right[index]),
      }));
    }
    const from: From = { relations: [], joins: [] };
    const scope: Scope = { relations: from.relations, ctes, outer };
    for (const item of listOf(query.fromClause))
      addFrom(item, from, scope, (select, isLateral) =>
        this.#outputs(select, isLateral ? scope : outer, ctes, isLateral),
      );
    this.#limit(from, conditionsOf(from, query.whereClause, scope), scope);
    if (this.#asking === 0) this.#record(query, from, scope);
    return outputsOf(query.targetList, (value) => this.#origin(value, scope));
  }

  /** The columns of a query. One that refers to outer entries is read again when their limits are known. */
  #outputs(select: Tree, scope: Scope | undefined, ctes: Ctes, isAsking: boolean): Output[] {
    const query = queryIn(select) ?? select;
    if (!isAsking) return this.#query(query, scope, ctes);
    if (this.#asking === deepest) return [];
    this.#asking += 1;
    const outputs = this.#query(query, scope, ctes);
    this.#asking -= 1;
    return outputs;
  }

  #origin(value: unknown, scope: Scope) {
    return originOf(value, scope, (select, at) => this.#outputs(select, at, at.ctes, true));
  }

  #withCtes(clause: unknown, outer: Scope | undefined, visible: Ctes): Ctes {
    const { ctes, recursive } = isTree(clause) ? clause : {};
    if (!Array.isArray(ctes)) return visible;
    const found = new Map(visible);
    for (const item of ctes) {
      const { ctename, ctequery, aliascolnames } =
        isTree(item) && isTree(item.CommonTableExpr) ? item.CommonTableExpr : {};
      const name = String(ctename);
      if (recursive === true) found.set(name, undefined);
      const query = isTree(ctequery) ? queryIn(ctequery) : undefined;
      const outputs = query === undefined ? undefined : this.#query(query, outer, found);
      found.set(name, aliascolnames === undefined ? outputs : undefined);
    }
    return found;
  }

  /** Finds the limits of the entries of a FROM clause. One limited entry can limit another. */
  #limit(from: From, conditions: readonly Condition[], scope: Scope): void {
    const semi = conditions.flatMap(({ expression }) => this.#semiJoin(expression, from, scope));
    const all = [...conditions, ...semi.flatMap((join) => join.conditions)];
    const relations = [...from.relations, ...semi.flatMap((join) => join.relations)];
    const ask = (select: Tree, at: Scope) => this.#outputs(select, at, at.ctes, true);
    const mentions = all.map((condition) => ({
      condition,
      relations: entriesMentioned(condition),
    }));
    const of = new Map(
      relations.map((one) => [one, mentions.filter((mention) => mention.relations.has(one))]),
    );
    const open = new Set(relations);
    for (const relation of open) {
      open.delete(relation);
      if (relation.catalog === undefined) continue;
      for (const { condition } of of.get(relation) ?? []) {
        if (!condition.limited.has(relation)) continue;
        const limits = limitsFor(relation, condition.expression, condition.scope, ask);
        if (rank(limits) <= rank(relation.limits)) continue;
        relation.limits = limits;
        for (const mention of of.get(relation) ?? [])
          for (const other of mention.relations) if (of.has(other)) open.add(other);
      }
    }
  }

  /** `EXISTS (SELECT ... WHERE ...)` limits the query around it like a join. */
  #semiJoin(expression: unknown, around: From, outer: Scope) {
    const { subLinkType, subselect } =
      isTree(expression) && isTree(expression.SubLink) ? expression.SubLink : {};
    const query = isTree(subselect) ? queryIn(subselect) : undefined;
    if (subLinkType !== "EXISTS_SUBLINK" || query === undefined || isAggregate(query)) return [];
    const from: From = { relations: [], joins: [] };
    const scope: Scope = { relations: from.relations, ctes: outer.ctes, outer };
    for (const item of listOf(query.fromClause))
      addFrom(item, from, scope, () => [{ name: "*", origin: undefined }]);
    const conditions = conditionsOf(from, query.whereClause, scope).map((condition) =>
      // A condition on one side of an outer join does not limit the query around it.
      condition.limited.size < from.relations.length
        ? condition
        : { ...condition, limited: new Set([...from.relations, ...around.relations]) },
    );
    return [{ relations: from.relations, conditions }];
  }

  /** Records what a query reads, and reads the queries in its expressions. */
  #record(query: Tree, from: From, scope: Scope): void {
    this.reads.push(...from.relations.filter(({ catalog }) => catalog !== undefined));
    walk(query.fromClause, (node, key) => {
      if (key === "RangeVar") this.seen.add(node);
    });
    const { withClause, ...rest } = query;
    void withClause;
    for (const name in rest) this.#readParts(rest[name], scope);
  }

  /** Reads a part of a query, without the entries of FROM that were already read. */
  #readParts(node: unknown, scope: Scope): void {
    if (Array.isArray(node)) for (const item of node) this.#readParts(item, scope);
    if (!isTree(node)) return;
    const { subquery, lateral } = isTree(node.RangeSubselect) ? node.RangeSubselect : {};
    if (subquery !== undefined && lateral !== true) return;
    if (isTree(node.JoinExpr))
      for (const name in node.JoinExpr) this.#readParts(node.JoinExpr[name], scope);
    else this.read(node, scope, scope.ctes);
  }

  /** Records the constants that are compared with a schema's name. */
  #compare(node: Tree, scope: Scope): void {
    for (const comparison of comparisonsIn(node)) {
      if (!/^(=|<>)$/.test(comparison.operator)) continue;
      for (const [column, values] of sidesOf(comparison)) {
        const compared = columnIn(column, scope);
        const isName = compared?.kind === "name" && !compared.shown;
        if (!isName && !(compared?.kind === "namespace" && compared.shown)) continue;
        for (const { value } of values.flatMap(constantIn))
          this.schemaTexts.set(value, isName ? "plain" : "shown");
      }
    }
  }
}

function sidesOf({
  left,
  right,
}: ColumnComparison): (readonly [column: unknown, values: readonly unknown[]])[] {
  return [[left, right], ...right.map((value) => [value, [left]] as const)];
}

/** Reduces statements with conditions to one form, in which their target is an entry of FROM. */
function queryIn(node: Tree): Tree | undefined {
  if (isTree(node.SelectStmt)) return node.SelectStmt;
  // The query of an INSERT cannot refer to its target.
  if (isTree(node.InsertStmt)) return node.InsertStmt;
  const body = [node.UpdateStmt, node.DeleteStmt, node.MergeStmt].find(isTree);
  if (body === undefined) return undefined;
  const { relation, fromClause, usingClause, sourceRelation, joinCondition, whereClause, ...rest } =
    body;
  const sources = [
    ...listOf(fromClause),
    ...listOf(usingClause),
    ...(sourceRelation === undefined ? [] : [sourceRelation]),
  ];
  return {
    ...rest,
    fromClause: [{ RangeVar: relation }, ...sources],
    whereClause: whereClause ?? joinCondition,
  };
}

function listOf(list: unknown): readonly unknown[] {
  return Array.isArray(list) ? list : [];
}

/** A query with an aggregate returns a row even if it finds none. */
function isAggregate({ targetList, havingClause, groupClause }: Tree): boolean {
  let calls = havingClause !== undefined || groupClause !== undefined;
  walk(targetList, (_, key) => {
    if (key === "FuncCall") calls = true;
  });
  return calls;
}

function outputsOf(
  targets: unknown,
  originOfValue: (value: unknown) => Output["origin"],
): Output[] {
  return listOf(targets).flatMap((target) => {
    const { name, val } = isTree(target) && isTree(target.ResTarget) ? target.ResTarget : {};
    return [{ name: typeof name === "string" ? name : nameOf(val), origin: originOfValue(val) }];
  });
}

/** The name that PostgreSQL gives to a column without an alias; `*` for several columns. */
function nameOf(value: unknown): string {
  if (!isTree(value)) return "?";
  if (isTree(value.TypeCast)) return nameOf(value.TypeCast.arg);
  if (isTree(value.FuncCall)) return stringsOf(value.FuncCall.funcname)?.at(-1) ?? "?";
  if (!isTree(value.ColumnRef)) return "?";
  return stringsOf(value.ColumnRef.fields)?.at(-1) ?? "*";
}

function common({ origin }: Output, other: Output | undefined): Output["origin"] {
  const limits = merged([origin, other?.origin]);
  return limits === undefined || origin?.kind !== other?.origin?.kind || origin === undefined
    ? undefined
    : { ...limits, kind: origin.kind };
}

/** Narrower limits have a higher rank. */
function rank(limits: Limits | undefined): number {
  if (limits === undefined) return 0;
  const place = { anywhere: 1, path: 2, tenant: 3 }[limits.found];
  return limits.schemas.length === 0 ? place + 3 : place;
}
