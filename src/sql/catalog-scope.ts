import { type Catalog, catalogNamed } from "./builtins/catalog-columns.ts";
import { isSystemRelation } from "./catalog-targets.ts";
import type { Tree } from "./parser.ts";
import { isTree, namesOf } from "./tree.ts";

/** Where an object is for certain: in the tenant schema, where the search_path finds it, or anywhere. */
type Whereabouts = "tenant" | "path" | "anywhere";

/** To which schemas something is limited. */
export interface Limits {
  readonly found: Whereabouts;
  /** Schemas beside the tenant's that it may be in. `*` stands for all that are shared. */
  readonly schemas: readonly string[];
}

/** What a value is, as far as it tells schemas apart. */
export interface Origin extends Limits {
  /** The name of a schema, its OID, another object's OID, or a variable of PL/pgSQL, which may be any of them. */
  readonly kind: "name" | "namespace" | "object" | "variable";
}

/** A column that a query gives. */
export interface Output {
  readonly name: string;
  readonly origin: Origin | undefined;
}

/** An entry of a FROM clause. */
export interface Relation {
  /** Its alias, or its own name. */
  readonly name: string;
  readonly schema: string | undefined;
  /** The RangeVar of a catalog that lists what is in all schemas. */
  readonly node: Tree | undefined;
  readonly catalog: Catalog | undefined;
  /** The columns of a subquery. */
  readonly outputs: ReadonlyMap<string, Origin | undefined>;
  /** False when it may have columns that are not known. */
  readonly complete: boolean;
  /** To what the conditions limit its rows; undefined as long as nothing does. */
  limits: Limits | undefined;
}

/** CTEs in reach by name; undefined for one whose columns are not known. */
export type Ctes = ReadonlyMap<string, readonly Output[] | undefined>;

export interface Scope {
  readonly relations: readonly Relation[];
  readonly ctes: Ctes;
  readonly outer: Scope | undefined;
}

/** The column that a name means, a variable, or undefined when that cannot be told. */
export type Resolved = { readonly relation: Relation; readonly column: string } | "variable";

/** Finds the column that a ColumnRef means, from the innermost scope outwards. */
export function resolve(column: Tree, scope: Scope): Resolved | undefined {
  const fields = namesOf(column.fields);
  const name = fields?.at(-1);
  if (fields === undefined || name === undefined) return undefined;
  const [table, schema] = fields.slice(0, -1).reverse();
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
    const relation = at.relations.find((one) =>
      table === undefined
        ? one.catalog?.columns.has(name) === true || one.outputs.has(name)
        : one.name === table &&
          (schema === undefined || one.schema === schema || isOwn(one, schema)),
    );
    if (relation !== undefined) return { relation, column: name };
    if (table === undefined && at.relations.some(({ complete }) => !complete)) return undefined;
  }
  return schema === undefined ? "variable" : undefined;
}

/** A catalog may be called without its schema and referred to with it. */
function isOwn({ schema, node }: Relation, written: string): boolean {
  return node !== undefined && schema === undefined && written === "pg_catalog";
}

/** The entry that a table, a view or a CTE is in a FROM clause. */
export function relationOf(range: Tree, ctes: Ctes): Relation {
  const { relname, schemaname, alias } = range;
  const name = String(relname);
  const schema = typeof schemaname === "string" ? schemaname : undefined;
  const { aliasname, colnames } = isTree(alias) ? alias : {};
  const called =
    typeof aliasname === "string" ? { name: aliasname, schema: undefined } : { name, schema };
  if (schema === undefined && ctes.has(name))
    return subqueryRelation(called.name, ctes.get(name), colnames);
  const catalog = isSystemRelation(range) ? catalogNamed(name, schema) : undefined;
  // Columns under other names are not known.
  const columns = colnames === undefined ? catalog : catalog && { columns: new Map() };
  return {
    ...called,
    node: catalog === undefined ? undefined : range,
    catalog: columns,
    outputs: new Map(),
    complete: catalog !== undefined,
    limits: undefined,
  };
}

/** The entry that a subquery, or a CTE, is in a FROM clause. */
export function subqueryRelation(
  name: string,
  outputs: readonly Output[] | undefined,
  colnames: unknown,
): Relation {
  const renamed = colnames === undefined ? undefined : (namesOf(colnames) ?? []);
  const columns = (outputs ?? []).map(
    (output, index) => [renamed?.[index] ?? output.name, output.origin] as const,
  );
  return {
    name,
    schema: undefined,
    node: undefined,
    catalog: undefined,
    outputs: new Map(columns),
    complete: outputs !== undefined && !columns.some(([column]) => column === "*"),
    limits: undefined,
  };
}

/** Functions whose rows have one column, which is called like the entry unless it has a name of its own. */
const scalarRows =
  /^(unnest|generate_series|generate_subscripts|regexp_split_to_table|string_to_table)$/;

/** The entry that a function is in a FROM clause. */
export function functionRelation(range: Tree): Relation {
  const { aliasname, colnames } = isTree(range.alias) ? range.alias : {};
  const [first] = Array.isArray(range.functions) ? range.functions : [];
  const [call] =
    isTree(first) && isTree(first.List) && Array.isArray(first.List.items) ? first.List.items : [];
  const names = isTree(call) && isTree(call.FuncCall) ? namesOf(call.FuncCall.funcname) : undefined;
  const own = names?.at(-1) ?? "";
  const name = typeof aliasname === "string" ? aliasname : own;
  const columns = colnames === undefined ? [name] : (namesOf(colnames) ?? []);
  const outputs = [...columns, "ordinality"].map((column) => ({ name: column, origin: undefined }));
  return subqueryRelation(name, scalarRows.test(own) ? outputs : undefined, undefined);
}
