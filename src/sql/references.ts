import { schemaInName } from "./literals.ts";
import type { Tree } from "./parser.ts";
import { isTree, namesOf, stringOf, unwrap, walk } from "./tree.ts";

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
  "cfgname",
  "dictname",
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

/** Built-in functions whose first argument is the name of an object. */
const namingFunctions =
  /^(nextval|currval|setval|to_reg\w+|pg_get_serial_sequence|pg_(relation|table|indexes|total_relation)_size|pg_partition_\w+)$/;

/** Built-in functions whose arguments are text and nothing else. */
const textFunctions =
  /^(jsonb?_build_\w+|format|concat(_ws)?|lower|upper|initcap|replace|regexp_\w+|substr(ing)?|left|right|split_part|strpos|starts_with|[blr]?trim|md5|length|quote_\w+|string_to_\w+|translate|repeat|reverse|encode|decode|to_char|to_jsonb?|array_\w+)$/;

/** Every schema that a statement names, wherever the grammar lets it: as a qualifier, an object or a literal. */
export function schemasNamed(tree: Tree): Set<string> {
  const found = new Set<string>();
  const [kind, body] = unwrap(tree);
  for (const schema of schemasAsObjects(kind, body)) found.add(schema);
  addObjectLists(body, found);
  walk(tree, (node, key) => {
    addRelation(node, found);
    for (const [name, value] of Object.entries(node)) addQualifiedName(node, name, value, found);
    if (key === "ColumnRef") addColumn(node, found);
    if (key === "DefElem") addOption(node, found);
  });
  for (const { value } of nameLiterals(tree)) {
    const named = schemaInName(value);
    if (named !== undefined) found.add(named.schema);
  }
  return found;
}

/** A string constant with the byte offset where it stands in the parsed text. */
export interface ConstantString {
  readonly value: string;
  readonly location: number;
}

/** Constants that PostgreSQL reads as names: `'public.seq'::regclass`, `nextval('public.seq')`. */
export function nameLiterals(tree: Tree): ConstantString[] {
  return constants(tree).named;
}

/** Arguments of other functions that look like a name in `public`: nobody can tell whether they are one. */
export function suspicions(tree: Tree): string[] {
  return constants(tree)
    .arguments.filter(({ value }) =>
      /^\s*("public"|public)\s*\.\s*("[^"]+"|[\w$]+)\s*$/i.test(value),
    )
    .map(({ value }) => `whether the argument '${value}' names something in public`);
}

/** Every name that stands before a dot and is no schema: tables and aliases with a column, columns with a field. */
export function columnsNamed(tree: Tree): Set<string> {
  const found = new Set<string>();
  const [, body] = unwrap(tree);
  walk(tree, (node, key) => {
    if (key === "ColumnRef") addFirst(node.fields, found);
    if (key === "ResTarget" && node.indirection !== undefined) found.add(String(node.name));
    if (node.pct_type === true) addFirst(node.names, found);
    if (typeof node.defnamespace === "string") found.add(node.defnamespace);
    if (key === "DefElem" && isTree(node.arg) && isTree(node.arg.List))
      addFirst(node.arg.List.items, found);
  });
  for (const object of Array.isArray(body.objects) ? body.objects : [body.object]) {
    if (isTree(object) && isTree(object.List)) addFirst(object.List.items, found);
  }
  return found;
}

function addFirst(list: unknown, found: Set<string>): void {
  const [first] = Array.isArray(list) ? list : [];
  const name = typeof first === "string" ? first : stringOf(first);
  if (name !== undefined) found.add(name);
}

function constants(tree: Tree): { named: ConstantString[]; arguments: ConstantString[] } {
  const named: ConstantString[] = [];
  const others: ConstantString[] = [];
  walk(tree, (node, key) => {
    if (key === "TypeCast" && isTree(node.typeName)) {
      const isRegistry = registryTypes.test(namesOf(node.typeName.names)?.at(-1) ?? "");
      if (isRegistry) named.push(...constantIn(node.arg));
    }
    if (key === "FuncCall" && Array.isArray(node.args)) {
      const name = namesOf(node.funcname)?.at(-1) ?? "";
      const [first, ...rest] = node.args;
      if (namingFunctions.test(name)) named.push(...constantIn(first));
      else if (!textFunctions.test(name))
        others.push(...constantIn(first), ...rest.flatMap(constantIn));
    }
  });
  return { named, arguments: others };
}

function constantIn(node: unknown): ConstantString[] {
  if (!isTree(node) || !isTree(node.A_Const) || !isTree(node.A_Const.sval)) return [];
  const value = node.A_Const.sval.sval;
  const location = node.A_Const.location;
  return typeof value === "string"
    ? [{ value, location: typeof location === "number" ? location : 0 }]
    : [];
}

/** DROP and COMMENT name their objects in plain lists: `[schema, table]`, `[schema, table, column]`. */
function addObjectLists(body: Tree, found: Set<string>): void {
  const type = body.removeType ?? body.objtype ?? body.renameType ?? body.objectType;
  if (typeof type !== "string") return;
  // An operator class or family stands behind its access method, which is no schema.
  const skip = type === "OBJECT_OPCLASS" || type === "OBJECT_OPFAMILY" ? 1 : 0;
  const own = namedWithTable.has(type) ? 2 : 1;
  const objects = Array.isArray(body.objects) ? body.objects : [body.object];
  for (const object of objects) addList(object, own, found, skip);
}

function addList(node: unknown, own: number, found: Set<string>, skip = 0): void {
  if (!isTree(node) || !isTree(node.List)) return;
  const names = namesOf(node.List.items)?.slice(skip) ?? [];
  if (names.length > own) found.add(names.slice(0, names.length - own).join("."));
}

function addRelation(node: Tree, found: Set<string>): void {
  if (typeof node.relname !== "string") return;
  if (typeof node.schemaname === "string") found.add(node.schemaname);
  if (typeof node.catalogname === "string")
    found.add(`${node.catalogname}.${String(node.schemaname)}`);
}

function addQualifiedName(node: Tree, key: string, value: unknown, found: Set<string>): void {
  if (key === "dicts" && Array.isArray(value)) for (const item of value) addList(item, 1, found);
  if (!qualifiedNameKeys.has(key)) return;
  const names = namesOf(value);
  if (names === undefined) return;
  const own = node.pct_type === true ? 2 : 1;
  if (names.length > own) found.add(names.slice(0, names.length - own).join("."));
}

/** `a.b` is a table or an alias with its column; only `a.b.c` names a schema. */
function addColumn(node: Tree, found: Set<string>): void {
  const fields = node.fields;
  if (!Array.isArray(fields) || fields.length < 3) return;
  const schema = stringOf(fields[0]);
  if (schema !== undefined) found.add(schema);
}

/** OWNED BY names a column; a function's own search_path names schemas. */
function addOption(node: Tree, found: Set<string>): void {
  if (node.defname === "owned_by") addList(node.arg, 2, found);
  if (node.defname === "set" && isTree(node.arg)) {
    for (const { value } of searchPathOf(node.arg)) if (value.trim() !== "") found.add(value);
  }
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
  if (kind === "AlterDefaultPrivilegesStmt") yield* namesInSchemaOption(body.options);
}

function* namesInSchemaOption(options: unknown): Generator<string> {
  const found: string[] = [];
  walk(options, (node, key) => {
    if (key !== "DefElem" || node.defname !== "schemas" || !isTree(node.arg)) return;
    if (isTree(node.arg.List)) found.push(...(namesOf(node.arg.List.items) ?? []));
  });
  yield* found;
}
