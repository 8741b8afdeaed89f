import { standingOf, wordsOf } from "./builtins/functions.ts";
import { conversions, operatorClasses, operators, searchObjects, types } from "./builtins/names.ts";
import { isCatalog } from "./builtins/relations.ts";
import type { Tree } from "./parser.ts";
import { isTree, namesOf, optionOf, stringOf } from "./tree.ts";

/** Schemas that PostgreSQL fills itself. Their objects may be read and called, and belong to every tenant. */
const systemSchemas = new Set(["pg_catalog", "information_schema"]);

/** True for a schema of PostgreSQL's own. */
export function isSystemSchema(name: unknown): boolean {
  return typeof name === "string" && systemSchemas.has(name);
}

/** True for a relation that is PostgreSQL's: qualified as such, or found in pg_catalog before anywhere else. */
export function isSystemRelation({ schemaname, relname }: Tree): boolean {
  if (schemaname !== undefined) return isSystemSchema(schemaname);
  return typeof relname === "string" && isCatalog(relname);
}

/** Where statements that make something keep its name. Without a schema it is made in the tenant's. */
export const made: Readonly<Record<string, string>> = {
  CreateDomainStmt: "domainname",
  CreateEnumStmt: "typeName",
  CreateFunctionStmt: "funcname",
  CreateRangeStmt: "typeName",
  CreateStatsStmt: "defnames",
  DefineStmt: "defnames",
};

/** Where statements that change something keep its name, and what kind of object it is. */
export const changed: Readonly<Record<string, readonly [key: string, type: string]>> = {
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

/** Statements that say themselves what kind of object they are about. */
const typed =
  /^(Drop|Comment|Grant|Rename|AlterOwner|AlterObjectSchema|AlterObjectDepends|SecLabel)Stmt$/;

/** Objects that are named with their table in front. */
const ofTables = /^OBJECT_(COLUMN|TABCONSTRAINT|TRIGGER|POLICY|RULE|DEFAULT)$/;

/**
 * What a statement makes, changes, drops, grants or comments on although it is PostgreSQL's own. Relations are not among
 * them: see `reachOf`, which finds those wherever they stand.
 *
 * @returns names for people, such as `pg_catalog.mine`
 */
export function systemObjects(kind: string, body: Tree): string[] {
  const makes = made[kind];
  if (makes !== undefined)
    return [body[makes], optionOf(body.params, "multirange_type_name")?.arg].flatMap((name) =>
      named(objectName(name, ""), undefined),
    );
  const [key, type] = changed[kind] ?? [];
  if (key !== undefined && type !== undefined) return named(objectName(body[key], type), type);
  if (kind === "AlterDefaultPrivilegesStmt") {
    const schemas = optionOf(body.options, "schemas")?.arg;
    return isTree(schemas) && isTree(schemas.List)
      ? (namesOf(schemas.List.items) ?? []).filter(isSystemSchema)
      : [];
  }
  return typed.test(kind) ? systemObjectsOfTyped(body) : [];
}

function systemObjectsOfTyped(body: Tree): string[] {
  const type = String(body.removeType ?? body.objtype ?? body.renameType ?? body.objectType);
  const objects = Array.isArray(body.objects) ? body.objects : [body.object];
  if (type === "OBJECT_SCHEMA" || body.targtype === "ACL_TARGET_ALL_IN_SCHEMA")
    return objects.flatMap((object) => stringOf(object) ?? []).filter(isSystemSchema);
  return objects.flatMap((object) => named(objectName(object, type), type));
}

/** The object's own name, with its schema in front if it has one. */
export function objectName(node: unknown, type: string): string[] {
  if (Array.isArray(node)) return namesOf(node) ?? [];
  if (!isTree(node)) return [];
  if (isTree(node.TypeName)) return objectName(node.TypeName.names, type);
  const function_ = isTree(node.ObjectWithArgs) ? node.ObjectWithArgs : node;
  if (function_.objname !== undefined) return objectName(function_.objname, type);
  const items = isTree(node.List) ? node.List.items : undefined;
  // A domain's constraint stands after its type.
  if (type === "OBJECT_DOMCONSTRAINT" && Array.isArray(items)) return objectName(items[0], type);
  const list = namesOf(items) ?? [];
  if (ofTables.test(type)) return list.slice(0, -1);
  // An operator class or family stands after its access method.
  return /^OBJECT_(OPCLASS|OPFAMILY)$/.test(type) ? list.slice(1) : list;
}

function named(names: readonly string[], type: string | undefined): string[] {
  const name = names.at(-1);
  const schema = names.at(-2);
  if (name === undefined) return [];
  const ours = schema === undefined ? type !== undefined && isBuiltin(type, name) : false;
  return ours || isSystemSchema(schema) ? [names.join(".")] : [];
}

/** True when PostgreSQL brings along an object of this kind and name, which it finds before the tenant's. */
function isBuiltin(type: string, name: string): boolean {
  if (/FUNCTION|PROCEDURE|ROUTINE|AGGREGATE/.test(type)) return standingOf(name) !== undefined;
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

/** Of the server itself, of ICU, and of its operating system's locales. */
const collations =
  /-x-icu$|^(C|POSIX|default|ucs_basic|unicode|pg_\w+)$|^[a-z]{2,3}_[A-Z]{2}\b|\.utf-?8$/i;

/** Every table of pg_catalog is a type, too, and every type has one of arrays. */
function isBuiltinType(name: string): boolean {
  const element = name.replace(/^_/, "");
  return has("types", element) || isCatalog(element);
}

const lists = { types, operators, operatorClasses, searchObjects, conversions };
const sets = new Map<keyof typeof lists, ReadonlySet<string>>();

function has(list: keyof typeof lists, name: string): boolean {
  const set = sets.get(list) ?? new Set(wordsOf(lists[list]));
  sets.set(list, set);
  return set.has(name);
}
