import { addCall, addCast, addComparison, addSuspicions } from "./names-in-text.ts";
import type { Tree } from "./parser.ts";
import { searchPathOf } from "./search-path.ts";
import type { SourceSchema } from "./source-schema.ts";
import { isTree, optionOf, stringOf, stringsOf, unwrap } from "./tree.ts";
import type { CollectedNames, TreeNames } from "./tree-names.ts";

/**
 * Keys of PostgreSQL's raw parse tree under which a possibly qualified name is a list of strings, schema before
 * name. From the grammar's `any_name`, `func_name` and similar rules.
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

/** The same tree is asked for its names several times, and walking trees is the main cost of the analysis. */
const known = new WeakMap<Tree, TreeNames>();

/** The names in front of other names in a statement's tree. */
export function namesOfTree(tree: Tree, source: SourceSchema): TreeNames {
  const before = known.get(tree);
  if (before !== undefined) return before;
  const found: CollectedNames = {
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

function collect(node: object, key: string, found: CollectedNames): void {
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

function inspect(node: Tree, key: string, found: CollectedNames): void {
  if (typeof node.relname === "string") addRelation(node, found.schemas);
  if (node.pct_type === true) addFirst(node.names, found.others);
  if (key === "ColumnRef") addColumn(node, found);
  else if (key === "ResTarget" && node.indirection !== undefined)
    found.others.add(String(node.name));
  else if (key === "DefElem") addOption(node, found);
  else if (key === "TypeCast") addCast(node, found);
  else if (key === "FuncCall" || key === "funccall") addCall(node, found);
  else if (key === "A_Expr") addComparison(node, found);
  else if (key === "VariableSetStmt" && typeof node.name === "string")
    addSetting(node, node.name, found);
  else if (key === "CreateTrigStmt") addTriggerArguments(node, found);
  else if (key === "Constraint" && Array.isArray(node.exclusions))
    addExclusions(node.exclusions, found);
  else if (Array.isArray(node.dicts))
    for (const item of node.dicts) addList(item, 1, found.schemas);
}

function addSetting(node: Tree, name: string, found: CollectedNames): void {
  found.others.add(name.split(".")[0] ?? "");
  for (const { value } of searchPathOf({ VariableSetStmt: node }))
    if (value.trim() !== "") found.schemas.add(value);
}

/** The triggers for text search take the name of a configuration. */
function addTriggerArguments(node: Tree, found: CollectedNames): void {
  const called = stringsOf(node.funcname)?.at(-1) ?? "";
  if (!/^tsvector_update_trigger/.test(called)) return;
  addSuspicions(
    (stringsOf(node.args) ?? []).map((value) => ({ value, location: 0 })),
    found,
  );
}

/** `EXCLUDE (column WITH operator)`: each is a list of an element and a list of the operator's names. */
function addExclusions(exclusions: readonly unknown[], found: CollectedNames): void {
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

/** DROP and COMMENT name their objects in plain lists: `[schema, table]`, `[schema, table, column]`. */
function addObjectLists(body: Tree, found: CollectedNames): void {
  const type = body.removeType ?? body.objtype ?? body.renameType ?? body.objectType;
  if (typeof type !== "string") return;
  // The name of an operator class or family follows its access method, which is not a schema.
  const skip = type === "OBJECT_OPCLASS" || type === "OBJECT_OPFAMILY" ? 1 : 0;
  const own = namedWithTable.has(type) ? 2 : 1;
  for (const object of Array.isArray(body.objects) ? body.objects : [body.object]) {
    addList(object, own, found.schemas, skip);
    if (isTree(object) && isTree(object.List)) addFirst(object.List.items, found.others);
  }
}

/** @param own how many names at the end of the list belong to the object itself */
function addList(node: unknown, own: number, schemas: Set<string>, skip = 0): void {
  if (!isTree(node) || !isTree(node.List)) return;
  const names = stringsOf(node.List.items)?.slice(skip) ?? [];
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
  const names = stringsOf(list);
  if (names !== undefined) schemas.add(names.slice(0, names.length - own).join("."));
}

/** `a.b` is a table or an alias with its column; only `a.b.c` names a schema. */
function addColumn(node: Tree, found: CollectedNames): void {
  const fields = Array.isArray(node.fields) ? node.fields : [];
  addFirst(fields, fields.length < 3 ? found.others : found.schemas);
}

/** OWNED BY names a column; a function's own search_path names schemas; storage options have a prefix. */
function addOption(node: Tree, found: CollectedNames): void {
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

/** Schemas that are objects themselves: SET SCHEMA, DROP SCHEMA, GRANT ... ON SCHEMA, IN SCHEMA. */
function* schemasAsObjects(kind: string, body: Tree): Generator<string> {
  if (typeof body.newschema === "string") yield body.newschema;
  const ofSchemas =
    body.removeType === "OBJECT_SCHEMA" ||
    body.renameType === "OBJECT_SCHEMA" ||
    (kind === "GrantStmt" &&
      (body.objtype === "OBJECT_SCHEMA" || body.targtype === "ACL_TARGET_ALL_IN_SCHEMA"));
  if (ofSchemas) yield* stringsOf(body.objects) ?? [];
  if (kind === "CommentStmt" && body.objtype === "OBJECT_SCHEMA") yield stringOf(body.object) ?? "";
  if (kind === "AlterDefaultPrivilegesStmt") {
    const inSchemas = optionOf(body.options, "schemas")?.arg;
    if (isTree(inSchemas) && isTree(inSchemas.List)) yield* stringsOf(inSchemas.List.items) ?? [];
  }
}
