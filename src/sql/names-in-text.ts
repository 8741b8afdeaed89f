import { looksUpObject, takesObjectName } from "./builtins/functions.ts";
import { type ConstantString, constantIn, leadingText } from "./constants.ts";
import { identifierValue, isPlaceholder, schemaInName } from "./literals.ts";
import type { Tree } from "./parser.ts";
import { isTree, stringsOf } from "./tree.ts";
import type { CollectedNames } from "./tree-names.ts";

/** Types whose text form is the name of an object. */
const objectTypes = /^reg(class|type|proc|procedure|oper|operator|config|dictionary|collation)$/;

/** Built-in functions whose first argument, if they have several, is a text search configuration. */
const searchFunctions =
  /^(to_tsvector|(plain|phrase|websearch_)?to_tsquery|ts_headline|jsonb?_to_tsvector)$/;

/** Built-in functions that use their arguments only as text. */
const textFunctions =
  /^(jsonb?_build_\w+|format|concat(_ws)?|lower|upper|initcap|replace|regexp_\w+|substr(ing)?|left|right|split_part|strpos|starts_with|[blr]?trim|md5|length|quote_\w+|string_to_\w+|translate|repeat|reverse|encode|decode|to_char|to_jsonb?|array_\w+)$/;

/** Built-in functions that take the name of a schema. */
const schemaFunctions = /^(to_regnamespace|has_schema_privilege)$/;

/** Adds the names in a constant that PostgreSQL reads as a name: `'public.seq'::regclass`. */
export function addCast(node: Tree, found: CollectedNames): void {
  if (!isTree(node.typeName)) return;
  const type = stringsOf(node.typeName.names)?.at(-1) ?? "";
  if (type === "regnamespace") {
    addSchemaText(constantIn(node.arg), found);
    for (const { value } of constantIn(node.arg)) {
      const schema = identifierValue(value.trim());
      if (!found.source.has(schema)) found.schemas.add(schema);
    }
  }
  if (objectTypes.test(type)) addObjectName(node.arg, found);
}

/**
 * Adds the names in a call: `nextval('public.seq')` names a sequence; an unknown function's argument may name anything.
 */
export function addCall(node: Tree, found: CollectedNames): void {
  if (!Array.isArray(node.args)) return;
  const name = stringsOf(node.funcname)?.at(-1) ?? "";
  const [first, ...rest] = node.args.map(constantIn);
  if (name === "set_config") found.settings.push(plainText(node.args[0])?.toLowerCase());
  if (schemaFunctions.test(name)) addSchemaText([...(first ?? []), ...rest.flat()], found);
  // to_regnamespace() gives null for a schema that does not exist, so that other schemas do no harm.
  if (name === "to_regnamespace")
    for (const { value } of first ?? [])
      if (isPlaceholder(identifierValue(value.trim())))
        found.schemas.add(identifierValue(value.trim()));
  const searching = rest.length > 0 && searchFunctions.test(name);
  const isNaming = takesObjectName(name) || looksUpObject(name);
  const isKnown = isKnownName(node.args[0]) && !node.args.some(isNamedArgument);
  if (takesObjectName(name) && !isKnown) {
    found.suspicions.push(`the object that ${name}() receives is known only at run time`);
    addLeadingSchema(node.args[0], found);
  } else if (isNaming || searching) addObjectName(node.args[0], found);
  if (isNaming || searching || textFunctions.test(name)) return;
  addSuspicions([...(first ?? []), ...rest.flat()], found);
}

/** What can follow the schema in a name: a dot and an object, and perhaps its column. */
const oneOrTwoNames =
  /^\s*\.\s*("[^"]+"|[\p{L}_][\p{L}\p{N}_$]*)(\s*\.\s*("[^"]+"|[\p{L}_][\p{L}\p{N}_$]*))?\s*$/iu;

/** Adds the arguments of functions that look like names in the source schema. */
export function addSuspicions(values: readonly ConstantString[], found: CollectedNames): void {
  for (const { value } of values) {
    const named = schemaInName(value);
    if (named === undefined || !found.source.has(named.schema)) continue;
    if (found.source.isTarget(named.schema) || !oneOrTwoNames.test(named.rest)) continue;
    found.suspicions.push(`the argument '${value}' may name something in ${named.schema}`);
  }
}

/** Adds the schema of a name that is built: `'public.' || name`, `format('public.%I', name)`. */
function addLeadingSchema(node: unknown, found: CollectedNames): string | undefined {
  const { text, inFormat } = constantIn(node).length === 0 ? (leadingText(node) ?? {}) : {};
  const schema = text === undefined ? undefined : schemaInName(text)?.schema;
  if (schema === undefined) return undefined;
  found.schemas.add(schema);
  if (inFormat === true) found.formats.add(schema);
  return schema;
}

const placeholders = /"\{tenant(:\d+)?\}"/g;

/** Adds an object's name in text. A constant can be read; a name that is built cannot. */
function addObjectName(node: unknown, found: CollectedNames): void {
  const leading = addLeadingSchema(node, found);
  if (isBuilt(node) && leading === undefined)
    found.suspicions.push("a name that is built at run time");
  for (const { value } of constantIn(node)) {
    if (!value.trim().startsWith("{")) addQualifier(value, found.schemas);
    if (/[({].*\./s.test(value.replaceAll(placeholders, "")))
      found.suspicions.push(
        `the names inside '${value.replaceAll(placeholders, () => found.source.first)}' cannot be read`,
      );
  }
}

/** The suspicion for the schema's name as text, where it is not replaced. */
function schemaAsText(schema: string): string {
  return `the schema '${schema}' as text`;
}

/** True for a suspicion of `schemaAsText`. */
export function isSchemaAsText(suspicion: string): boolean {
  return /^the schema '.*' as text$/.test(suspicion);
}

function addSchemaText(values: readonly ConstantString[], found: CollectedNames): void {
  for (const { value } of values) {
    const schema = identifierValue(value.trim());
    if (found.source.has(schema) && !found.source.isTarget(schema))
      found.suspicions.push(schemaAsText(schema));
  }
}

/** Adds the schema in `WHERE table_schema = 'public'`: the statement would read public, and then change the tenant. */
export function addComparison(node: Tree, found: CollectedNames): void {
  const sides = [node.lexpr, node.rexpr];
  const columns = sides.flatMap((side) =>
    isTree(side) && isTree(side.ColumnRef) ? [stringsOf(side.ColumnRef.fields)?.at(-1) ?? ""] : [],
  );
  if (!columns.some((column) => /(^|_)schema(_?name)?$|^nspname$/.test(column))) return;
  addSchemaText(
    sides.flatMap((side) => (Array.isArray(side) ? side : [side])).flatMap(constantIn),
    found,
  );
}

function addQualifier(literal: string, schemas: Set<string>): void {
  const named = schemaInName(literal);
  if (named === undefined) return;
  // A name of three parts begins with the database.
  const inside = schemaInName(named.rest.replace(/^\s*\./, ""));
  schemas.add(inside === undefined ? named.schema : `${named.schema}.${inside.schema}`);
}

/** The value of a constant that reaches the function unchanged: a cast to text keeps it, a cast to bytea does not. */
function plainText(node: unknown): string | undefined {
  if (!isTree(node)) return undefined;
  if (isTree(node.TypeCast)) {
    const { typeName, arg } = node.TypeCast;
    const type = isTree(typeName) && typeName.typmods === undefined ? typeName : {};
    return stringsOf(type.names)?.at(-1) === "text" ? plainText(arg) : undefined;
  }
  if (!isTree(node.A_Const) || !isTree(node.A_Const.sval)) return undefined;
  return typeof node.A_Const.sval.sval === "string" ? node.A_Const.sval.sval : "";
}

/**
 * True for an argument that determines the object: a constant name, as text or as regclass and similar types, or a
 * function that looks one up by constants. Digits would be an OID.
 */
function isKnownName(node: unknown): boolean {
  if (!isTree(node)) return false;
  const text = plainText(node);
  if (text !== undefined) return !/^\d+$/.test(text);
  if (isTree(node.A_Const)) return node.A_Const.isnull === true;
  if (isTree(node.TypeCast)) {
    const { typeName, arg } = node.TypeCast;
    const type = isTree(typeName) ? (stringsOf(typeName.names)?.at(-1) ?? "") : "";
    return /^(text|oid)$/.test(type) || objectTypes.test(type) ? isKnownName(arg) : false;
  }
  if (!isTree(node.FuncCall) || !Array.isArray(node.FuncCall.args)) return false;
  const name = stringsOf(node.FuncCall.funcname)?.at(-1) ?? "";
  return (takesObjectName(name) || looksUpObject(name)) && node.FuncCall.args.every(isKnownName);
}

/** Named arguments can be in any order. */
function isNamedArgument(node: unknown): boolean {
  return isTree(node) && node.NamedArgExpr !== undefined;
}

/** True for a name that is built at run time. */
function isBuilt(node: unknown): boolean {
  return (
    isTree(node) && (isTree(node.A_Expr) || isTree(node.CoalesceExpr) || isTree(node.CaseExpr))
  );
}
