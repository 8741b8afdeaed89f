import type { CatalogColumn } from "./builtins/catalog-columns.ts";
import { limitsBy, merged, type OutputsOf, originOf } from "./catalog-origins.ts";
import { type Limits, type Relation, resolve, type Scope } from "./catalog-scope.ts";
import { constantIn } from "./constants.ts";
import { isPlaceholder, schemaInName } from "./literals.ts";
import type { Tree } from "./parser.ts";
import { isTree, namesOf, walk } from "./tree.ts";

/** Something that holds for every row that a query looks at. */
export interface Condition {
  readonly expression: unknown;
  readonly scope: Scope;
  /** The entries of FROM whose rows it limits: an outer join's condition limits one side. */
  readonly limited: ReadonlySet<Relation>;
}

/** The entries of FROM that a condition mentions. */
export function relationsIn({ expression, scope }: Condition): ReadonlySet<Relation> {
  const found = new Set<Relation>();
  walk(expression, (node, key) => {
    const resolved = key === "ColumnRef" ? resolve(node, scope) : undefined;
    if (resolved !== undefined && resolved !== "variable") found.add(resolved.relation);
  });
  return found;
}

/** The two sides of a comparison: a column, perhaps, and one or several values. */
export interface Comparison {
  readonly operator: string;
  readonly left: unknown;
  readonly right: readonly unknown[];
}

/** The parts of a condition that all must hold. */
export function conjunctsOf(node: unknown): unknown[] {
  if (!isTree(node)) return [];
  const { boolop, args } = isTree(node.BoolExpr) ? node.BoolExpr : {};
  return boolop === "AND_EXPR" && Array.isArray(args) ? args.flatMap(conjunctsOf) : [node];
}

/** What a comparison compares; one of rows is one for each of their fields. */
export function comparisonsIn(node: Tree): Comparison[] {
  if (isTree(node.SubLink)) return membership(node.SubLink, node);
  const { kind, name, lexpr, rexpr } = isTree(node.A_Expr) ? node.A_Expr : {};
  const operator = namesOf(name)?.at(-1) ?? "";
  const right = valuesOf(kind, rexpr);
  const rows = [lexpr, ...right].map(fieldsOf);
  const [first = []] = rows;
  if (rows.some((fields) => fields.length !== first.length)) return [];
  return first.map((left, index) => ({
    operator: kind === "AEXPR_NOT_DISTINCT" ? "=" : operator,
    left,
    right: rows.slice(1).map((fields) => fields[index]),
  }));
}

/** `column IN (SELECT ...)` */
function membership({ subLinkType, testexpr, operName }: Tree, node: Tree): Comparison[] {
  const operator = namesOf(operName)?.at(-1) ?? "=";
  return subLinkType === "ANY_SUBLINK" ? [{ operator, left: testexpr, right: [node] }] : [];
}

function valuesOf(kind: unknown, right: unknown): unknown[] {
  if (kind === "AEXPR_IN" && isTree(right) && isTree(right.List) && Array.isArray(right.List.items))
    return right.List.items;
  if (kind !== "AEXPR_OP_ANY" && kind !== "AEXPR_OP_ALL") return [right];
  const cast = isTree(right) && isTree(right.TypeCast) ? right.TypeCast : undefined;
  const array = cast === undefined ? right : cast.arg;
  const { elements } = isTree(array) && isTree(array.A_ArrayExpr) ? array.A_ArrayExpr : {};
  if (!Array.isArray(elements)) return [right];
  // A cast of the array is one of each element.
  return cast === undefined
    ? elements
    : elements.map((arg: unknown) => ({ TypeCast: { typeName: cast.typeName, arg } }));
}

function fieldsOf(node: unknown): readonly unknown[] {
  const { args } = isTree(node) && isTree(node.RowExpr) ? node.RowExpr : {};
  return Array.isArray(args) ? args : [node];
}

/** A catalog's column that a side of a comparison is. */
export interface ComparedColumn extends CatalogColumn {
  readonly relation: Relation;
  /** True for an OID that is compared as the name that PostgreSQL shows for it. */
  readonly shown: boolean;
}

/** The column of a catalog that an expression is, through casts that keep what it says. */
export function columnIn(node: unknown, scope: Scope): ComparedColumn | undefined {
  const casts: string[] = [];
  let at = node;
  while (isTree(at) && isTree(at.TypeCast)) {
    const { typeName, arg }: Tree = at.TypeCast;
    casts.unshift(isTree(typeName) ? (namesOf(typeName.names)?.at(-1) ?? "") : "");
    at = arg;
  }
  if (!isTree(at) || !isTree(at.ColumnRef)) return undefined;
  const resolved = resolve(at.ColumnRef, scope);
  if (resolved === undefined || resolved === "variable") return undefined;
  const column = resolved.relation.catalog?.columns.get(resolved.column);
  if (column === undefined) return undefined;
  const shown = /^reg\w+ (text|varchar|name)$/.test(casts.slice(-2).join(" "));
  const kept = casts.every((type) =>
    /^(text|name|varchar|bpchar|oid|reg\w+|sql_identifier)$/.test(type),
  );
  return kept ? { ...column, relation: resolved.relation, shown } : undefined;
}

/**
 * To which schemas a condition limits the rows of a catalog; undefined when it does not. All parts of an OR must, and
 * nothing that is negated does.
 */
export function limitsFor(
  relation: Relation,
  expression: unknown,
  scope: Scope,
  outputsOf: OutputsOf,
): Limits | undefined {
  if (!isTree(expression)) return undefined;
  if (isTree(expression.BoolExpr)) {
    const { boolop, args } = expression.BoolExpr;
    const parts = (Array.isArray(args) ? args : []).map((part) =>
      limitsFor(relation, part, scope, outputsOf),
    );
    if (boolop === "AND_EXPR") return parts.find((part) => part !== undefined);
    return boolop === "OR_EXPR" ? merged(parts) : undefined;
  }
  if (isTree(expression.FuncCall)) return visibility(relation, expression.FuncCall, scope);
  for (const { operator, left, right } of comparisonsIn(expression)) {
    if (operator !== "=" || isAll(expression)) continue;
    const column = columnIn(left, scope);
    if (column?.relation === relation) return limitsOf(column, right, scope, outputsOf);
    const other = right.length === 1 ? columnIn(right[0], scope) : undefined;
    if (other?.relation === relation) return limitsOf(other, [left], scope, outputsOf);
  }
  return undefined;
}

function isAll({ A_Expr }: Tree): boolean {
  return isTree(A_Expr) && A_Expr.kind === "AEXPR_OP_ALL";
}

function limitsOf(
  column: ComparedColumn,
  values: readonly unknown[],
  scope: Scope,
  outputsOf: OutputsOf,
): Limits | undefined {
  if (!column.shown)
    return limitsBy(
      column,
      values.map((value) => originOf(value, scope, outputsOf)),
    );
  if (column.kind === "namespace")
    return limitsBy(
      { ...column, kind: "name" },
      values.map((value) => originOf(value, scope, outputsOf)),
    );
  // PostgreSQL shows an object without its schema where the search_path finds it.
  const names = values.map((value) => constantIn(value)[0]?.value);
  const known = names.every((name) => {
    const schema = name === undefined ? "" : schemaInName(name)?.schema;
    return schema === undefined || isPlaceholder(schema);
  });
  const kind = column.kind === "name" ? "name" : "object";
  return known ? limitsBy(column, [{ kind, found: "path", schemas: [] }]) : undefined;
}

/** `pg_table_is_visible(oid)` holds for what the search_path finds. */
function visibility(
  relation: Relation,
  { funcname, args }: Tree,
  scope: Scope,
): Limits | undefined {
  const name = namesOf(funcname)?.at(-1) ?? "";
  const [first] = Array.isArray(args) ? args : [];
  if (!/^pg_\w+_is_visible$/.test(name)) return undefined;
  const column = columnIn(first, scope);
  if (column?.relation !== relation) return undefined;
  return limitsBy(column, [{ kind: "object", found: "path", schemas: [] }]);
}
