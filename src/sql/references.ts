import { looksUp, namesAnObject } from "./builtins/functions.ts";
import { type ConstantString, constantIn, leadingText } from "./constants.ts";
import { identifierValue, isPlaceholder, schemaInName } from "./literals.ts";
import type { Tree } from "./parser.ts";
import type { SourceSchema } from "./source-schema.ts";
import { isTree, namesOf, optionOf, stringOf, unwrap } from "./tree.ts";

/**
 * Keys of PostgreSQL's raw parse tree that hold a possibly qualified name as a list of strings, schema before
 * name. From the grammar's `any_name`, `func_name` and their kin.
 */
const qualifiedNameKeys = new Set([
  "names",
  "name",
  "funcname",
  "objname",
  "typeName",
  "domainname",
  "defnames",
  "collname",
  "opclass",
  "opclassname",
  "opfamilyname",
  "collation",
  "conversion_name",
  "func_name",
  "useOp",
  "opname",
  "operatorName",
  "operName",
  "cfgname",
  "dictname",
  "method",
]);

/** Objects that PostgreSQL names with their table in front: `table.column`, `table.trigger` and so on. */
const namedWithTable = new Set([
  "OBJECT_COLUMN",
  "OBJECT_TABCONSTRAINT",
  "OBJECT_TRIGGER",
  "OBJECT_POLICY",
  "OBJECT_RULE",
]);

const registryTypes = /^reg(class|type|proc|procedure|oper|operator|config|dictionary|collation)$/;

/** Built-in functions whose first argument, of several, is a text search configuration. */
const searchFunctions =
  /^(to_tsvector|(plain|phrase|websearch_)?to_tsquery|ts_headline|jsonb?_to_tsvector)$/;

/** Built-in functions whose arguments are text and nothing else. */
const textFunctions =
  /^(jsonb?_build_\w+|format|concat(_ws)?|lower|upper|initcap|replace|regexp_\w+|substr(ing)?|left|right|split_part|strpos|starts_with|[blr]?trim|md5|length|quote_\w+|string_to_\w+|translate|repeat|reverse|encode|decode|to_char|to_jsonb?|array_\w+)$/;

/** Built-in functions that take the name of a schema. */
const schemaFunctions = /^(to_regnamespace|has_schema_privilege)$/;

/** What a statement names in front of other names. */
export interface TreeNames {
  /** Every schema, wherever the grammar lets it stand: as a qualifier, an object or a literal. */
  readonly schemas: ReadonlySet<string>;
  /** Tables and aliases with a column, columns with a field. */
  readonly others: ReadonlySet<string>;
  /** Those of the schemas that stand in a format()'s string. */
  readonly formats: ReadonlySet<string>;
  /** Constants that are arguments of functions, of which it is not known whether they are read as names. */
  readonly suspicions: readonly string[];
  /** Settings that set_config() sets; undefined for one that is computed. */
  readonly settings: readonly (string | undefined)[];
}

interface Collected {
  readonly source: SourceSchema;
  readonly schemas: Set<string>;
  readonly others: Set<string>;
  readonly formats: Set<string>;
  readonly suspicions: string[];
  readonly settings: (string | undefined)[];
}

/** Trees are asked more than once, and walking them is what the whole analysis costs. */
const known = new WeakMap<Tree, TreeNames>();

/** All that a statement's tree names in front of other names. */
export function namesOfTree(tree: Tree, source: SourceSchema): TreeNames {
  const before = known.get(tree);
  if (before !== undefined) return before;
  const found: Collected = {
    source,
    schemas: new Set(),
    others: new Set(),
    formats: new Set(),
    suspicions: [],
    settings: [],
  };
  const [kind, body] = unwrap(tree);
  for (const schema of schemasAsObjects(kind, body)) found.schemas.add(schema);
  addObjectLists(body, found);
  collect(tree, "", found);
  known.set(tree, found);
  return found;
}

function collect(node: object, key: string, found: Collected): void {
  if (Array.isArray(node)) {
    for (const item of node)
      if (typeof item === "object" && item !== null) collect(item, key, found);
    return;
  }
  const tree = node as Tree;
  inspect(tree, key, found);
  for (const name in tree) {
    const child = tree[name];
    if (typeof child !== "object" || child === null) continue;
    if (qualifiedNameKeys.has(name) && Array.isArray(child))
      addQualifiedName(tree, child, found.schemas);
    collect(child, name, found);
  }
}

function inspect(node: Tree, key: string, found: Collected): void {
  if (typeof node.relname === "string") addRelation(node, found.schemas);
  if (node.pct_type === true) addFirst(node.names, found.others);
  if (key === "ColumnRef") addColumn(node, found);
  else if (key === "ResTarget" && node.indirection !== undefined)
    found.others.add(String(node.name));
  else if (key === "DefElem") addOption(node, found);
  else if (key === "TypeCast") addCast(node, found);
  else if (key === "FuncCall" || key === "funccall") addCall(node, found);
  else if (key === "A_Expr") addComparison(node, found);
  else if (key === "VariableSetStmt" && typeof node.name === "string") {
    found.others.add(node.name.split(".")[0] ?? "");
    for (const { value } of searchPathOf({ VariableSetStmt: node }))
      if (value.trim() !== "") found.schemas.add(value);
  } else if (
    key === "CreateTrigStmt" &&
    /^tsvector_update_trigger/.test(namesOf(node.funcname)?.at(-1) ?? "")
  ) {
    addSuspicions(
      (namesOf(node.args) ?? []).map((value) => ({ value, location: 0 })),
      found,
    );
  } else if (key === "Constraint" && Array.isArray(node.exclusions))
    addExclusions(node.exclusions, found);
  else if (node.dicts !== undefined && Array.isArray(node.dicts)) {
    for (const item of node.dicts) addList(item, 1, found.schemas);
  }
}

/** `EXCLUDE (column WITH operator)`: each is a list of an element and a list of the operator's names. */
function addExclusions(exclusions: readonly unknown[], found: Collected): void {
  for (const exclusion of exclusions) {
    const items = isTree(exclusion) && isTree(exclusion.List) ? exclusion.List.items : [];
    if (Array.isArray(items)) addList(items[1], 1, found.schemas);
  }
}

function addFirst(list: unknown, found: Set<string>): void {
  const [first] = Array.isArray(list) ? list : [];
  const name = typeof first === "string" ? first : stringOf(first);
  if (name !== undefined) found.add(name);
}

/** Constants that PostgreSQL reads as names: `'public.seq'::regclass`. */
function addCast(node: Tree, found: Collected): void {
  if (!isTree(node.typeName)) return;
  const type = namesOf(node.typeName.names)?.at(-1) ?? "";
  if (type === "regnamespace") {
    addSchemaText(constantIn(node.arg), found);
    for (const { value } of constantIn(node.arg)) {
      const schema = identifierValue(value.trim());
      if (!found.source.has(schema)) found.schemas.add(schema);
    }
  }
  if (!registryTypes.test(type)) return;
  addObjectName(node.arg, found);
}

/** `nextval('public.seq')` names a sequence; of a function that is not known, an argument may name anything. */
function addCall(node: Tree, found: Collected): void {
  if (!Array.isArray(node.args)) return;
  const name = namesOf(node.funcname)?.at(-1) ?? "";
  const [first, ...rest] = node.args.map(constantIn);
  if (name === "set_config") found.settings.push(plainText(node.args[0])?.toLowerCase());
  if (schemaFunctions.test(name)) addSchemaText([...(first ?? []), ...rest.flat()], found);
  // What it does not find is no error.
  if (name === "to_regnamespace")
    for (const { value } of first ?? [])
      if (isPlaceholder(identifierValue(value.trim())))
        found.schemas.add(identifierValue(value.trim()));
  const searching = rest.length > 0 && searchFunctions.test(name);
  const isNaming = namesAnObject(name) || looksUp(name);
  const isKnown = isKnownName(node.args[0]) && !node.args.some(isNamedArgument);
  if (namesAnObject(name) && !isKnown) {
    found.suspicions.push(`which object ${name}() is given while the statement runs`);
    addLeading(node.args[0], found);
  } else if (isNaming || searching) addObjectName(node.args[0], found);
  if (isNaming || searching || textFunctions.test(name)) return;
  addSuspicions([...(first ?? []), ...rest.flat()], found);
}

/** What may follow the schema in a name: a dot and an object, perhaps with its column. */
const oneOrTwoNames =
  /^\s*\.\s*("[^"]+"|[\p{L}_][\p{L}\p{N}_$]*)(\s*\.\s*("[^"]+"|[\p{L}_][\p{L}\p{N}_$]*))?\s*$/iu;

function addSuspicions(values: readonly ConstantString[], found: Collected): void {
  for (const { value } of values) {
    const named = schemaInName(value);
    if (named === undefined || !found.source.has(named.schema)) continue;
    if (found.source.isTarget(named.schema) || !oneOrTwoNames.test(named.rest)) continue;
    found.suspicions.push(`whether the argument '${value}' names something in ${named.schema}`);
  }
}

/** The schema of a name that is put together: `'public.' || name`, `format('public.%I', name)`. */
function addLeading(node: unknown, found: Collected): string | undefined {
  const { text, inFormat } = constantIn(node).length === 0 ? (leadingText(node) ?? {}) : {};
  const schema = text === undefined ? undefined : schemaInName(text)?.schema;
  if (schema === undefined) return undefined;
  found.schemas.add(schema);
  if (inFormat === true) found.formats.add(schema);
  return schema;
}

const placeholders = /"\{tenant(:\d+)?\}"/g;

/** The name of an object as text: a constant can be read, what is put together cannot. */
function addObjectName(node: unknown, found: Collected): void {
  const leading = addLeading(node, found);
  if (isBuilt(node) && leading === undefined)
    found.suspicions.push("a name that is built while the statement runs");
  for (const { value } of constantIn(node)) {
    if (!value.trim().startsWith("{")) addNamed(value, found.schemas);
    if (/[({].*\./s.test(value.replaceAll(placeholders, "")))
      found.suspicions.push(
        `the names inside '${value.replaceAll(placeholders, () => found.source.first)}'`,
      );
  }
}

/** The schema's name as a text, in a place where it is not replaced. */
function schemaAsText(schema: string): string {
  return `the schema '${schema}' as a text`;
}

/** True for what `schemaAsText` says. */
export function isSchemaAsText(suspicion: string): boolean {
  return /^the schema '.*' as a text$/.test(suspicion);
}

function addSchemaText(values: readonly ConstantString[], found: Collected): void {
  for (const { value } of values) {
    const schema = identifierValue(value.trim());
    if (found.source.has(schema) && !found.source.isTarget(schema))
      found.suspicions.push(schemaAsText(schema));
  }
}

/** `WHERE table_schema = 'public'`: it would look in public and then work on the tenant. */
function addComparison(node: Tree, found: Collected): void {
  const sides = [node.lexpr, node.rexpr];
  const columns = sides.flatMap((side) =>
    isTree(side) && isTree(side.ColumnRef) ? [namesOf(side.ColumnRef.fields)?.at(-1) ?? ""] : [],
  );
  if (!columns.some((column) => /(^|_)schema(_?name)?$|^nspname$/.test(column))) return;
  addSchemaText(
    sides.flatMap((side) => (Array.isArray(side) ? side : [side])).flatMap(constantIn),
    found,
  );
}

function addNamed(literal: string, schemas: Set<string>): void {
  const named = schemaInName(literal);
  if (named === undefined) return;
  // A name of three parts begins with the database.
  const inside = schemaInName(named.rest.replace(/^\s*\./, ""));
  schemas.add(inside === undefined ? named.schema : `${named.schema}.${inside.schema}`);
}

/** The value of a constant that nothing changes before it is used: a cast to text leaves it as it is, one to bytea does not. */
function plainText(node: unknown): string | undefined {
  if (!isTree(node)) return undefined;
  if (isTree(node.TypeCast)) {
    const { typeName, arg } = node.TypeCast;
    const type = isTree(typeName) && typeName.typmods === undefined ? typeName : {};
    return namesOf(type.names)?.at(-1) === "text" ? plainText(arg) : undefined;
  }
  if (!isTree(node.A_Const) || !isTree(node.A_Const.sval)) return undefined;
  return typeof node.A_Const.sval.sval === "string" ? node.A_Const.sval.sval : "";
}

/**
 * True for an argument that says which object is meant: a constant that is a name, as such or as regclass and its kin, or
 * a function that finds one by constants. Digits would be an OID.
 */
function isKnownName(node: unknown): boolean {
  if (!isTree(node)) return false;
  const text = plainText(node);
  if (text !== undefined) return !/^\d+$/.test(text);
  if (isTree(node.A_Const)) return node.A_Const.isnull === true;
  if (isTree(node.TypeCast)) {
    const { typeName, arg } = node.TypeCast;
    const type = isTree(typeName) ? (namesOf(typeName.names)?.at(-1) ?? "") : "";
    return /^(text|oid)$/.test(type) || registryTypes.test(type) ? isKnownName(arg) : false;
  }
  if (!isTree(node.FuncCall) || !Array.isArray(node.FuncCall.args)) return false;
  const name = namesOf(node.FuncCall.funcname)?.at(-1) ?? "";
  return (namesAnObject(name) || looksUp(name)) && node.FuncCall.args.every(isKnownName);
}

/** Named arguments may stand in any order. */
function isNamedArgument(node: unknown): boolean {
  return isTree(node) && node.NamedArgExpr !== undefined;
}

/** True for a name that is put together when the statement runs. */
function isBuilt(node: unknown): boolean {
  return (
    isTree(node) && (isTree(node.A_Expr) || isTree(node.CoalesceExpr) || isTree(node.CaseExpr))
  );
}

/** DROP and COMMENT name their objects in plain lists: `[schema, table]`, `[schema, table, column]`. */
function addObjectLists(body: Tree, found: Collected): void {
  const type = body.removeType ?? body.objtype ?? body.renameType ?? body.objectType;
  if (typeof type !== "string") return;
  // An operator class or family stands behind its access method, which is no schema.
  const skip = type === "OBJECT_OPCLASS" || type === "OBJECT_OPFAMILY" ? 1 : 0;
  const own = namedWithTable.has(type) ? 2 : 1;
  for (const object of Array.isArray(body.objects) ? body.objects : [body.object]) {
    addList(object, own, found.schemas, skip);
    if (isTree(object) && isTree(object.List)) addFirst(object.List.items, found.others);
  }
}

function addList(node: unknown, own: number, schemas: Set<string>, skip = 0): void {
  if (!isTree(node) || !isTree(node.List)) return;
  const names = namesOf(node.List.items)?.slice(skip) ?? [];
  if (names.length > own) schemas.add(names.slice(0, names.length - own).join("."));
}

function addRelation(node: Tree, schemas: Set<string>): void {
  const { schemaname, catalogname } = node;
  if (typeof schemaname !== "string") return;
  schemas.add(typeof catalogname === "string" ? `${catalogname}.${schemaname}` : schemaname);
}

function addQualifiedName(node: Tree, list: readonly unknown[], schemas: Set<string>): void {
  const own = node.pct_type === true ? 2 : 1;
  if (list.length <= own) return;
  const names = namesOf(list);
  if (names !== undefined) schemas.add(names.slice(0, names.length - own).join("."));
}

/** `a.b` is a table or an alias with its column; only `a.b.c` names a schema. */
function addColumn(node: Tree, found: Collected): void {
  const fields = Array.isArray(node.fields) ? node.fields : [];
  addFirst(fields, fields.length < 3 ? found.others : found.schemas);
}

/** OWNED BY names a column; a function's own search_path names schemas; storage options have a prefix. */
function addOption(node: Tree, found: Collected): void {
  if (typeof node.defnamespace === "string") found.others.add(node.defnamespace);
  if (node.defname === "owned_by") {
    addList(node.arg, 2, found.schemas);
    if (isTree(node.arg) && isTree(node.arg.List)) addFirst(node.arg.List.items, found.others);
  } else if (node.defname === "set" && isTree(node.arg)) {
    for (const { value } of searchPathOf(node.arg))
      if (value.trim() !== "") found.schemas.add(value);
  } else if (node.defname !== "as" && node.defname !== "schemas")
    addList(node.arg, 1, found.schemas);
}

/** The schemas of `SET search_path = a, b` in the options of a function. */
export function searchPathOf(option: Tree): ConstantString[] {
  const set = isTree(option.VariableSetStmt) ? option.VariableSetStmt : {};
  if (String(set.name).toLowerCase() !== "search_path" || !Array.isArray(set.args)) return [];
  return set.args.flatMap(constantIn);
}

/** Schemas named as an object of their own: SET SCHEMA, DROP SCHEMA, GRANT ... ON SCHEMA, IN SCHEMA. */
function* schemasAsObjects(kind: string, body: Tree): Generator<string> {
  if (typeof body.newschema === "string") yield body.newschema;
  const ofSchemas =
    body.removeType === "OBJECT_SCHEMA" ||
    body.renameType === "OBJECT_SCHEMA" ||
    (kind === "GrantStmt" &&
      (body.objtype === "OBJECT_SCHEMA" || body.targtype === "ACL_TARGET_ALL_IN_SCHEMA"));
  if (ofSchemas) yield* namesOf(body.objects) ?? [];
  if (kind === "CommentStmt" && body.objtype === "OBJECT_SCHEMA") yield stringOf(body.object) ?? "";
  if (kind === "AlterDefaultPrivilegesStmt") {
    const inSchemas = optionOf(body.options, "schemas")?.arg;
    if (isTree(inSchemas) && isTree(inSchemas.List)) yield* namesOf(inSchemas.List.items) ?? [];
  }
}
