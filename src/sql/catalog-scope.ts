import { type Catalog, catalogNamed } from "./builtins/catalog-columns.ts";
import type { Tree } from "./parser.ts";
import { isSystemRelation } from "./system-objects.ts";
import { isTree, stringsOf } from "./tree.ts";

/** Where an object certainly is: in the tenant schema, in the search_path, or anywhere. */
type Whereabouts = "tenant" | "path" | "anywhere";

/** The schemas to which something is limited. */
export interface Limits {
  readonly found: Whereabouts;
  /** Schemas other than the tenant's that it may be in; `*` stands for all shared schemas. */
  readonly schemas: readonly string[];
}

/** What a value says about the schema of an object. */
export interface Origin extends Limits {
  /** The name of a schema, its OID, another object's OID, or a PL/pgSQL variable with any of these. */
  readonly kind: "name" | "namespace" | "object" | "variable";
}

/** A column of a query's result. */
export interface Output {
  readonly name: string;
  readonly origin: Origin | undefined;
}

/** An entry of a FROM clause. */
export interface FromEntry {
  /** Its alias, or its name. */
  readonly name: string;
  readonly schema: string | undefined;
  /** The RangeVar of a catalog that lists the objects of all schemas. */
  readonly node: Tree | undefined;
  readonly catalog: Catalog | undefined;
  /** The columns of a subquery. */
  readonly outputs: ReadonlyMap<string, Origin | undefined>;
  /** False if it may have unknown columns. */
  readonly complete: boolean;
  /** The limits of its rows by conditions; undefined until one is found. */
  limits: Limits | undefined;
}

/** The visible CTEs by name; undefined for one with unknown columns. */
export type Ctes = ReadonlyMap<string, readonly Output[] | undefined>;

export interface Scope {
  readonly relations: readonly FromEntry[];
  readonly ctes: Ctes;
  readonly outer: Scope | undefined;
}

/** A column, or a PL/pgSQL variable. */
export type ResolvedColumn = { readonly relation: FromEntry; readonly column: string } | "variable";

/**
 * Finds the column of a ColumnRef, from the innermost scope outwards.
 *
 * @returns undefined if the scopes do not determine the column
 */
export function resolveColumn(column: Tree, scope: Scope): ResolvedColumn | undefined {
  const fields = stringsOf(column.fields);
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

/** FROM can name a catalog without its schema, and a column reference with it. */
function isOwn({ schema, node }: FromEntry, written: string): boolean {
  return node !== undefined && schema === undefined && written === "pg_catalog";
}

/** The entry of a table, a view or a CTE in a FROM clause. */
export function tableEntry(range: Tree, ctes: Ctes): FromEntry {
  const { relname, schemaname, alias } = range;
  const name = String(relname);
  const schema = typeof schemaname === "string" ? schemaname : undefined;
  const { aliasname, colnames } = isTree(alias) ? alias : {};
  const called =
    typeof aliasname === "string" ? { name: aliasname, schema: undefined } : { name, schema };
  if (schema === undefined && ctes.has(name))
    return subqueryEntry(called.name, ctes.get(name), colnames);
  const catalog = isSystemRelation(range) ? catalogNamed(name, schema) : undefined;
  // Renamed columns are not tracked.
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

/** The entry of a subquery or a CTE in a FROM clause. */
export function subqueryEntry(
  name: string,
  outputs: readonly Output[] | undefined,
  colnames: unknown,
): FromEntry {
  const renamed = colnames === undefined ? undefined : (stringsOf(colnames) ?? []);
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

/** Functions whose rows have one column, which has the name of the entry unless it is renamed. */
const scalarRows =
  /^(unnest|generate_series|generate_subscripts|regexp_split_to_table|string_to_table)$/;

/** The entry of a function in a FROM clause. */
export function functionEntry(range: Tree): FromEntry {
  const { aliasname, colnames } = isTree(range.alias) ? range.alias : {};
  const [first] = Array.isArray(range.functions) ? range.functions : [];
  const [call] =
    isTree(first) && isTree(first.List) && Array.isArray(first.List.items) ? first.List.items : [];
  const names =
    isTree(call) && isTree(call.FuncCall) ? stringsOf(call.FuncCall.funcname) : undefined;
  const own = names?.at(-1) ?? "";
  const name = typeof aliasname === "string" ? aliasname : own;
  const columns = colnames === undefined ? [name] : (stringsOf(colnames) ?? []);
  const outputs = [...columns, "ordinality"].map((column) => ({ name: column, origin: undefined }));
  return subqueryEntry(name, scalarRows.test(own) ? outputs : undefined, undefined);
}
