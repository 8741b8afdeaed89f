import type { Tree } from "./parser.ts";
import { isTree, namesOf, stringOf, unwrap, walk } from "./tree.ts";

/**
 * Keys of PostgreSQL's raw parse tree that hold a possibly qualified name as a list of strings, schema before
 * name. From the grammar's `any_name`, `func_name` and their kin.
 */
export const qualifiedNameKeys = new Set([
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
]);

/** Objects that PostgreSQL names with their table in front: `table.column`, `table.trigger` and so on. */
const namedWithTable = new Set([
  "OBJECT_COLUMN",
  "OBJECT_TABCONSTRAINT",
  "OBJECT_TRIGGER",
  "OBJECT_POLICY",
  "OBJECT_RULE",
]);

const registryTypes = new Set([
  "regclass",
  "regtype",
  "regproc",
  "regprocedure",
  "regoper",
  "regoperator",
  "regconfig",
  "regdictionary",
  "regcollation",
]);
const sequenceFunctions = new Set([
  "nextval",
  "currval",
  "setval",
  "to_regclass",
  "to_regtype",
  "to_regproc",
]);

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
    if (key === "DefElem" && node.defname === "owned_by") addList(node.arg, 2, found);
    for (const literal of registryLiterals(node, key)) addLiteral(literal, found);
  });
  return found;
}

/** DROP and COMMENT name their objects in plain lists: `[schema, table]`, `[schema, table, column]`. */
function addObjectLists(body: Tree, found: Set<string>): void {
  const type = body.removeType ?? body.objtype;
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

/** Literals that PostgreSQL reads as names: `'public.seq'::regclass`, `nextval('public.seq')`. */
function* registryLiterals(node: Tree, key: string): Generator<string> {
  if (key === "TypeCast" && isTree(node.typeName)) {
    const type = namesOf(node.typeName.names)?.at(-1) ?? "";
    if (registryTypes.has(type)) yield* literalIn(node.arg);
  }
  if (key === "FuncCall" && sequenceFunctions.has(namesOf(node.funcname)?.at(-1) ?? "")) {
    yield* literalIn(Array.isArray(node.args) ? node.args[0] : undefined);
  }
}

function* literalIn(node: unknown): Generator<string> {
  if (!isTree(node) || !isTree(node.A_Const) || !isTree(node.A_Const.sval)) return;
  const value = node.A_Const.sval.sval;
  if (typeof value === "string") yield value;
}

function addLiteral(literal: string, found: Set<string>): void {
  const match = /^\s*("(?:[^"]|"")*"|[^".()]+)\s*\./.exec(literal);
  if (match?.[1] !== undefined) found.add(identifierValue(match[1].trim()));
}

/** Schemas named as an object of their own: SET SCHEMA, DROP SCHEMA, GRANT ... ON SCHEMA, IN SCHEMA. */
function* schemasAsObjects(kind: string, body: Tree): Generator<string> {
  if (typeof body.newschema === "string") yield body.newschema;
  if (kind === "CreateSchemaStmt" && typeof body.schemaname === "string") yield body.schemaname;
  const ofSchemas =
    body.removeType === "OBJECT_SCHEMA" ||
    (kind === "GrantStmt" &&
      (body.objtype === "OBJECT_SCHEMA" || body.targtype === "ACL_TARGET_ALL_IN_SCHEMA"));
  if (ofSchemas) yield* namesOf(body.objects) ?? [];
  if (kind === "AlterDefaultPrivilegesStmt") yield* namesInSchemaOption(body.options);
}

function* namesInSchemaOption(options: unknown): Generator<string> {
  const found: string[] = [];
  walk(options, (node, key) => {
    if (
      key === "DefElem" &&
      node.defname === "schemas" &&
      isTree(node.arg) &&
      isTree(node.arg.List)
    ) {
      found.push(...(namesOf(node.arg.List.items) ?? []));
    }
  });
  yield* found;
}

/** The name that an identifier token stands for: unquoted ones fold to lower case. */
export function identifierValue(token: string): string {
  return token.startsWith('"') ? token.slice(1, -1).replaceAll('""', '"') : token.toLowerCase();
}
