import { callRuleOf, namesInList } from "./builtins/functions.ts";
import {
  conversions,
  operatorClasses,
  operators,
  searchObjects,
  types,
} from "./builtins/objects.ts";
import { isCatalog } from "./builtins/relations.ts";
import type { Tree } from "./parser.ts";
import { isTree, optionOf, stringOf, stringsOf } from "./tree.ts";

/** The schemas of PostgreSQL itself. Every tenant can read and call their objects. */
const systemSchemas = new Set(["pg_catalog", "information_schema"]);

/** True for a schema of PostgreSQL itself. */
export function isSystemSchema(name: unknown): boolean {
  return typeof name === "string" && systemSchemas.has(name);
}

/**
 * True for a relation of PostgreSQL itself: qualified as such, or unqualified with a name of pg_catalog, which comes
 * first.
 */
export function isSystemRelation({ schemaname, relname }: Tree): boolean {
  if (schemaname !== undefined) return isSystemSchema(schemaname);
  return typeof relname === "string" && isCatalog(relname);
}

/**
 * The field with the name of the object that a statement creates. An unqualified name is created in the tenant's
 * schema.
 */
export const createdNameKeys: Readonly<Record<string, string>> = {
  CreateDomainStmt: "domainname",
  CreateEnumStmt: "typeName",
  CreateFunctionStmt: "funcname",
  CreateRangeStmt: "typeName",
  CreateStatsStmt: "defnames",
  DefineStmt: "defnames",
};

/** The field with the name of the object that a statement changes, and the kind of the object. */
export const alteredNameKeys: Readonly<Record<string, readonly [key: string, type: string]>> = {
  AlterCollationStmt: ["collname", "OBJECT_COLLATION"],
  AlterDomainStmt: ["typeName", "OBJECT_DOMAIN"],
  AlterEnumStmt: ["typeName", "OBJECT_TYPE"],
  AlterFunctionStmt: ["func", "OBJECT_FUNCTION"],
  AlterOperatorStmt: ["opername", "OBJECT_OPERATOR"],
  AlterStatsStmt: ["defnames", "OBJECT_STATISTIC_EXT"],
  AlterTSConfigurationStmt: ["cfgname", "OBJECT_TSCONFIGURATION"],
  AlterTSDictionaryStmt: ["dictname", "OBJECT_TSDICTIONARY"],
  AlterTypeStmt: ["typeName", "OBJECT_TYPE"],
};

/** Statements that have a field for the kind of their object. */
const typedKinds =
  /^(Drop|Comment|Grant|Rename|AlterOwner|AlterObjectSchema|AlterObjectDepends|SecLabel)Stmt$/;

/** Objects that are named with their table in front. */
const ofTables = /^OBJECT_(COLUMN|TABCONSTRAINT|TRIGGER|POLICY|RULE|DEFAULT)$/;

/**
 * PostgreSQL's own objects that a statement creates, changes, drops, grants or comments on, except for relations:
 * `reachOf` finds those at any depth.
 *
 * @returns names for messages, such as `pg_catalog.mine`
 */
export function systemObjects(kind: string, body: Tree): string[] {
  const makes = createdNameKeys[kind];
  if (makes !== undefined)
    return [body[makes], optionOf(body.params, "multirange_type_name")?.arg].flatMap((name) =>
      named(objectName(name, ""), undefined),
    );
  const [key, type] = alteredNameKeys[kind] ?? [];
  if (key !== undefined && type !== undefined) return named(objectName(body[key], type), type);
  if (kind === "AlterDefaultPrivilegesStmt") {
    const schemas = optionOf(body.options, "schemas")?.arg;
    return isTree(schemas) && isTree(schemas.List)
      ? (stringsOf(schemas.List.items) ?? []).filter(isSystemSchema)
      : [];
  }
  return typedKinds.test(kind) ? systemObjectsOfTyped(body) : [];
}

function systemObjectsOfTyped(body: Tree): string[] {
  const type = String(body.removeType ?? body.objtype ?? body.renameType ?? body.objectType);
  const objects = Array.isArray(body.objects) ? body.objects : [body.object];
  if (type === "OBJECT_SCHEMA" || body.targtype === "ACL_TARGET_ALL_IN_SCHEMA")
    return objects.flatMap((object) => stringOf(object) ?? []).filter(isSystemSchema);
  return objects.flatMap((object) => named(objectName(object, type), type));
}

/** The object's name, with its schema in front if it has one. */
export function objectName(node: unknown, type: string): string[] {
  if (Array.isArray(node)) return stringsOf(node) ?? [];
  if (!isTree(node)) return [];
  if (isTree(node.TypeName)) return objectName(node.TypeName.names, type);
  const function_ = isTree(node.ObjectWithArgs) ? node.ObjectWithArgs : node;
  if (function_.objname !== undefined) return objectName(function_.objname, type);
  const items = isTree(node.List) ? node.List.items : undefined;
  // The constraint of a domain follows its type.
  if (type === "OBJECT_DOMCONSTRAINT" && Array.isArray(items)) return objectName(items[0], type);
  const list = stringsOf(items) ?? [];
  if (ofTables.test(type)) return list.slice(0, -1);
  // An operator class or family follows its access method.
  return /^OBJECT_(OPCLASS|OPFAMILY)$/.test(type) ? list.slice(1) : list;
}

function named(names: readonly string[], type: string | undefined): string[] {
  const name = names.at(-1);
  const schema = names.at(-2);
  if (name === undefined) return [];
  const ours = schema === undefined ? type !== undefined && isBuiltin(type, name) : false;
  return ours || isSystemSchema(schema) ? [names.join(".")] : [];
}

/** True if PostgreSQL has a built-in object of this kind and name, which comes before the tenant's. */
function isBuiltin(type: string, name: string): boolean {
  if (/FUNCTION|PROCEDURE|ROUTINE|AGGREGATE/.test(type)) return callRuleOf(name) !== undefined;
  if (/^OBJECT_(TYPE|DOMAIN|DOMCONSTRAINT|ATTRIBUTE)$/.test(type)) return isBuiltinType(name);
  if (type === "OBJECT_OPERATOR") return has("operators", name);
  if (/^OBJECT_(OPCLASS|OPFAMILY)$/.test(type)) return has("operatorClasses", name);
  if (type.startsWith("OBJECT_TS")) return has("searchObjects", name);
  if (type === "OBJECT_CONVERSION") return has("conversions", name);
  if (type === "OBJECT_COLLATION") return collations.test(name);
  return (
    /TABLE|VIEW|INDEX|SEQUENCE|COLUMN|TRIGGER|POLICY|RULE|TABCONSTRAINT|DEFAULT/.test(type) &&
    isCatalog(name)
  );
}

/** Collations of the server itself, of ICU, and of the operating system's locales. */
const collations =
  /-x-icu$|^(C|POSIX|default|ucs_basic|unicode|pg_\w+)$|^[a-z]{2,3}_[A-Z]{2}\b|\.utf-?8$/i;

/** Every table of pg_catalog is also a type, and every type has an array type. */
function isBuiltinType(name: string): boolean {
  const element = name.replace(/^_/, "");
  return has("types", element) || isCatalog(element);
}

const lists = { types, operators, operatorClasses, searchObjects, conversions };
const sets = new Map<keyof typeof lists, ReadonlySet<string>>();

function has(list: keyof typeof lists, name: string): boolean {
  const set = sets.get(list) ?? new Set(namesInList(lists[list]));
  sets.set(list, set);
  return set.has(name);
}
