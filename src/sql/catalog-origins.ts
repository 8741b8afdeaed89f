import type { CatalogColumn } from "./builtins/catalog-columns.ts";
import { looksUpObject } from "./builtins/functions.ts";
import { isCatalog } from "./builtins/relations.ts";
import { isTypeName } from "./builtins/types.ts";
import {
  type FromEntry,
  type Limits,
  type Origin,
  type Output,
  resolveColumn,
  type Scope,
} from "./catalog-scope.ts";
import { constantIn, leadingText } from "./constants.ts";
import { identifierValue, isPlaceholder, schemaInName } from "./literals.ts";
import type { Tree } from "./parser.ts";
import { isSystemSchema } from "./system-objects.ts";
import { isNameExpression } from "./tenant-name.ts";
import { isTree, stringsOf } from "./tree.ts";

/** Returns the columns of a subquery. */
export type OutputsOf = (select: Tree, scope: Scope) => readonly Output[];

const objectTypes = /^reg(class|type|proc|procedure|oper|operator|config|dictionary|collation)$/;

/** Types in which a name or an OID keeps its meaning. */
const plainTypes = /^(text|name|varchar|bpchar|oid|sql_identifier|character_data)$/;

/** The schemas that the value of an expression comes from; undefined if it says nothing about schemas. */
export function originOf(node: unknown, scope: Scope, outputsOf: OutputsOf): Origin | undefined {
  if (!isTree(node)) return undefined;
  const inner = (of: unknown) => originOf(of, scope, outputsOf);
  if (isNameExpression(node, "plain")) return tenantName;
  if (isTree(node.TypeCast)) return originOfCast(node.TypeCast, inner);
  if (isTree(node.ColumnRef)) return originOfColumn(node.ColumnRef, scope);
  if (isTree(node.FuncCall)) return originOfCall(node.FuncCall, inner);
  if (isTree(node.SQLValueFunction))
    return node.SQLValueFunction.op === "SVFOP_CURRENT_SCHEMA" ? tenantName : undefined;
  if (isTree(node.SubLink)) {
    const { subLinkType, subselect } = node.SubLink;
    if (!/^(EXPR|ANY|ARRAY)_SUBLINK$/.test(String(subLinkType)) || !isTree(subselect))
      return undefined;
    return outputsOf(subselect, scope)[0]?.origin;
  }
  const [constant] = isTree(node.A_Const) ? constantIn(node) : [];
  return constant === undefined ? undefined : nameOrigin(constant.value);
}

const tenantName: Origin = { kind: "name", found: "tenant", schemas: [] };

/** The origin of a schema's name as text. */
function nameOrigin(schema: string): Origin {
  return { kind: "name", found: "anywhere", schemas: isSystemSchema(schema) ? [] : [schema] };
}

function originOfCast({ typeName, arg }: Tree, inner: (node: unknown) => Origin | undefined) {
  const names = isTree(typeName) ? stringsOf(typeName.names) : undefined;
  const type = names?.at(-1) ?? "";
  if (type === "regnamespace") return namespaceOf(arg, inner);
  if (objectTypes.test(type)) return objectOf(arg, inner, type);
  const origin = plainTypes.test(type) ? inner(arg) : undefined;
  // As text, the OID of a schema is its name, and that of another object says nothing about its schema.
  if (origin?.kind === "namespace" && type !== "oid") return { ...origin, kind: "name" as const };
  return origin?.kind === "object" && type !== "oid" ? undefined : origin;
}

/** A schema that `regnamespace` reads as an identifier. */
function namespaceOf(
  arg: unknown,
  inner: (node: unknown) => Origin | undefined,
): Origin | undefined {
  const [constant] = constantIn(arg);
  const origin =
    constant === undefined ? inner(arg) : nameOrigin(identifierValue(constant.value.trim()));
  if (origin === undefined || origin.kind === "object" || origin.kind === "variable")
    return undefined;
  const [schema = ""] = origin.schemas;
  if (constant !== undefined && isPlaceholder(schema))
    return { kind: "namespace", found: "tenant", schemas: [] };
  return { ...origin, kind: "namespace" };
}

/** An object that `regclass` or a similar type reads as a name. The search_path finds an unqualified one. */
function objectOf(
  arg: unknown,
  inner: (node: unknown) => Origin | undefined,
  type: string,
): Origin | undefined {
  const leading = leadingText(arg)?.text;
  const schema = leading === undefined ? undefined : schemaInName(leading)?.schema;
  if (schema !== undefined)
    return { kind: "object", found: isPlaceholder(schema) ? "tenant" : "anywhere", schemas: [] };
  const [constant] = constantIn(arg);
  if (constant !== undefined) {
    // The digits of an OID are not a name.
    if (/^\s*\d+\s*$/.test(constant.value)) return undefined;
    const name = identifierValue(constant.value.trim());
    const builtin = type === "regclass" ? isCatalog(name) : type !== "regtype" || isTypeName(name);
    return { kind: "object", found: builtin ? "anywhere" : "path", schemas: [] };
  }
  const origin = inner(arg);
  if (origin?.kind === "object" || origin?.kind === "variable")
    return { ...origin, kind: "object" };
  const isName = isTree(arg) && (isTree(arg.A_Expr) || isTree(arg.FuncCall));
  return isName ? { kind: "object", found: "anywhere", schemas: [] } : undefined;
}

function originOfColumn(column: Tree, scope: Scope): Origin | undefined {
  const resolved = resolveColumn(column, scope);
  if (resolved === undefined) return undefined;
  if (resolved === "variable")
    return variables[stringsOf(column.fields)?.join(".") ?? ""] ?? variable;
  const { relation, column: name } = resolved;
  return relation.catalog === undefined ? relation.outputs.get(name) : originIn(relation, name);
}

/** The OID in a variable was read by another statement, which is checked separately. */
const variable: Origin = { kind: "variable", found: "anywhere", schemas: [] };

/** Variables in which PL/pgSQL passes the trigger's table to its function. */
const variables: Readonly<Record<string, Origin>> = {
  tg_table_schema: { kind: "name", found: "tenant", schemas: [] },
  tg_relid: { kind: "object", found: "tenant", schemas: [] },
};

/** The origin of a column of a catalog, after its rows were limited. */
function originIn({ catalog, limits }: FromEntry, name: string): Origin | undefined {
  const column = catalog?.columns.get(name);
  if (column === undefined || limits === undefined) return undefined;
  const kind = column.kind === "any" ? "object" : column.kind;
  return { kind, found: column.own ? limits.found : "anywhere", schemas: limits.schemas };
}

function originOfCall({ funcname, args }: Tree, inner: (node: unknown) => Origin | undefined) {
  const name = stringsOf(funcname)?.at(-1) ?? "";
  const [first] = Array.isArray(args) ? args : [];
  if (name === "current_schema") return tenantName;
  // The search_path contains the tenant's schema and the shared schemas.
  if (name === "current_schemas") return { kind: "name", found: "anywhere", schemas: [] } as const;
  if (name === "quote_ident") return inner(first);
  if (name === "to_regnamespace" || name === "regnamespace") return namespaceOf(first, inner);
  if (looksUpObject(name)) return objectOf(first, inner, name.replace(/^to_/, ""));
  if (name === "pg_get_serial_sequence" || objectTypes.test(name))
    return objectOf(first, inner, name);
  return undefined;
}

/** The schemas to which a comparison of a column with values limits the rows; undefined if it does not limit them. */
export function limitsBy(
  column: CatalogColumn,
  origins: readonly (Origin | undefined)[],
): Limits | undefined {
  const limits = origins.map((origin) => limitsByOne(column, origin));
  return merged(limits);
}

function limitsByOne({ kind, own }: CatalogColumn, origin: Origin | undefined): Limits | undefined {
  if (origin === undefined) return undefined;
  const fits =
    kind === "any"
      ? origin.kind !== "name"
      : origin.kind === kind || (origin.kind === "variable" && kind !== "name");
  if (!fits) return undefined;
  if (own || origin.found === "tenant")
    return { found: own ? origin.found : "tenant", schemas: origin.schemas };
  // Objects of every tenant can refer to shared ones.
  return origin.found === "path" ? { found: "path", schemas: [...origin.schemas, "*"] } : undefined;
}

/** The limits that contain all of several limits; undefined if one of them is undefined. */
export function merged(limits: readonly (Limits | undefined)[]): Limits | undefined {
  const all = limits.filter((one) => one !== undefined);
  if (all.length === 0 || all.length < limits.length) return undefined;
  const places = ["anywhere", "path", "tenant"] as const;
  const found = places.find((place) => all.some((one) => one.found === place)) ?? "anywhere";
  return { found, schemas: [...new Set(all.flatMap(({ schemas }) => schemas))] };
}
