import type { CatalogColumn } from "./builtins/catalog-columns.ts";
import { limitsBy, merged, type OutputsOf, originOf } from "./catalog-origins.ts";
import { type FromEntry, type Limits, resolveColumn, type Scope } from "./catalog-scope.ts";
import { constantIn } from "./constants.ts";
import { isPlaceholder, schemaInName } from "./literals.ts";
import type { Tree } from "./parser.ts";
import { isTree, stringsOf, walk } from "./tree.ts";

/** A condition that every row of a query meets. */
export interface Condition {
  readonly expression: unknown;
  readonly scope: Scope;
  /** The entries of FROM whose rows it limits: the condition of an outer join limits one side. */
  readonly limited: ReadonlySet<FromEntry>;
}

/** The entries of FROM that a condition mentions. */
export function entriesMentioned({ expression, scope }: Condition): ReadonlySet<FromEntry> {
  const found = new Set<FromEntry>();
  walk(expression, (node, key) => {
    const resolved = key === "ColumnRef" ? resolveColumn(node, scope) : undefined;
    if (resolved !== undefined && resolved !== "variable") found.add(resolved.relation);
  });
  return found;
}

/** The two sides of a comparison: possibly a column, and one or more values. */
export interface ColumnComparison {
  readonly operator: string;
  readonly left: unknown;
  readonly right: readonly unknown[];
}

/** The parts of a condition that must all be true. */
export function conjunctsOf(node: unknown): unknown[] {
  if (!isTree(node)) return [];
  const { boolop, args } = isTree(node.BoolExpr) ? node.BoolExpr : {};
  return boolop === "AND_EXPR" && Array.isArray(args) ? args.flatMap(conjunctsOf) : [node];
}

/** The comparisons in a condition; a comparison of rows is one for each of their fields. */
export function comparisonsIn(node: Tree): ColumnComparison[] {
  if (isTree(node.SubLink)) return membership(node.SubLink, node);
  const { kind, name, lexpr, rexpr } = isTree(node.A_Expr) ? node.A_Expr : {};
  const operator = stringsOf(name)?.at(-1) ?? "";
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
function membership({ subLinkType, testexpr, operName }: Tree, node: Tree): ColumnComparison[] {
  const operator = stringsOf(operName)?.at(-1) ?? "=";
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
  // A cast of the array casts each element.
  return cast === undefined
    ? elements
    : elements.map((arg: unknown) => ({ TypeCast: { typeName: cast.typeName, arg } }));
}

function fieldsOf(node: unknown): readonly unknown[] {
  const { args } = isTree(node) && isTree(node.RowExpr) ? node.RowExpr : {};
  return Array.isArray(args) ? args : [node];
}

/** A column of a catalog that is one side of a comparison. */
export interface ComparedColumn extends CatalogColumn {
  readonly relation: FromEntry;
  /** True for an OID that is compared by the name that PostgreSQL prints for it. */
  readonly shown: boolean;
}

/** The column of a catalog in an expression, through casts that keep its meaning. */
export function columnIn(node: unknown, scope: Scope): ComparedColumn | undefined {
  const casts: string[] = [];
  let at = node;
  while (isTree(at) && isTree(at.TypeCast)) {
    const { typeName, arg }: Tree = at.TypeCast;
    casts.unshift(isTree(typeName) ? (stringsOf(typeName.names)?.at(-1) ?? "") : "");
    at = arg;
  }
  if (!isTree(at) || !isTree(at.ColumnRef)) return undefined;
  const resolved = resolveColumn(at.ColumnRef, scope);
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
 * The schemas to which a condition limits the rows of a catalog; undefined if it does not limit them. OR limits them if
 * all of its parts do, and NOT never does.
 */
export function limitsFor(
  relation: FromEntry,
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
  // PostgreSQL prints an object without its schema if the search_path finds it.
  const names = values.map((value) => constantIn(value)[0]?.value);
  const known = names.every((name) => {
    const schema = name === undefined ? "" : schemaInName(name)?.schema;
    return schema === undefined || isPlaceholder(schema);
  });
  const kind = column.kind === "name" ? "name" : "object";
  return known ? limitsBy(column, [{ kind, found: "path", schemas: [] }]) : undefined;
}

/** `pg_table_is_visible(oid)` is true for what the search_path finds. */
function visibility(
  relation: FromEntry,
  { funcname, args }: Tree,
  scope: Scope,
): Limits | undefined {
  const name = stringsOf(funcname)?.at(-1) ?? "";
  const [first] = Array.isArray(args) ? args : [];
  if (!/^pg_\w+_is_visible$/.test(name)) return undefined;
  const column = columnIn(first, scope);
  if (column?.relation !== relation) return undefined;
  return limitsBy(column, [{ kind: "object", found: "path", schemas: [] }]);
}
