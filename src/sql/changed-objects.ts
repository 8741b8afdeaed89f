import { namesOfTree } from "./names-in-tree.ts";
import type { Tree } from "./parser.ts";
import type { SourceSchema } from "./source-schema.ts";
import { alteredNameKeys, createdNameKeys, isSystemSchema, objectName } from "./system-objects.ts";
import { isTree, optionOf, stringOf, stringsOf, unwrap, walk } from "./tree.ts";

/** Something that a statement creates, changes or drops in a schema that it names. */
export interface ChangedObject {
  readonly schema: string;
  /** Undefined for the schema itself. */
  readonly name: string | undefined;
}

/** The field with the relation that a statement creates, or to which it adds something. */
const relationKeys: Readonly<Record<string, string>> = {
  AlterObjectDependsStmt: "relation",
  AlterObjectSchemaStmt: "relation",
  AlterPolicyStmt: "table",
  AlterSeqStmt: "sequence",
  AlterTableStmt: "relation",
  CompositeTypeStmt: "typevar",
  CreatePolicyStmt: "table",
  CreateSeqStmt: "sequence",
  CreateStmt: "relation",
  CreateTrigStmt: "relation",
  IndexStmt: "relation",
  RenameStmt: "relation",
  RuleStmt: "relation",
  ViewStmt: "view",
};

/** Statements that have a field for the kind of their objects, and name them in a list or as one. */
const typedKinds =
  /^(Drop|Comment|Grant|Rename|AlterOwner|AlterObjectSchema|AlterObjectDepends)Stmt$/;

/**
 * The objects that a DDL statement creates, changes or drops, where it names their schema. What it only refers to is
 * not among them.
 */
export function changedObjects(kind: string, body: Tree): ChangedObject[] {
  const relations = [
    body[relationKeys[kind] ?? ""],
    selectedInto(kind, body),
    ...newParents(kind, body),
  ];
  const names = [createdNameKeys[kind], alteredNameKeys[kind]?.[0]].flatMap((key) =>
    key === undefined ? [] : [objectName(body[key], alteredNameKeys[kind]?.[1] ?? "")],
  );
  return [
    ...relations.flatMap(qualifiedRelation).flatMap((one) => [one, ...inSameSchema(body, one)]),
    ...names.flatMap(qualifiedObject).flatMap((one) => [one, ...inSameSchema(body, one)]),
    ...(typedKinds.test(kind) ? typedObjects(body) : []),
    ...wholeSchemas(kind, body).map((schema) => ({ schema, name: undefined })),
  ];
}

/** An index is in its table's schema, and a renamed object stays in its schema. */
function inSameSchema(
  { idxname, newname, renameType }: Tree,
  { schema }: ChangedObject,
): ChangedObject[] {
  const ofTable = /COLUMN|CONSTRAINT|TRIGGER|POLICY|RULE|ATTRIBUTE/.test(String(renameType));
  return [idxname, ofTable ? undefined : newname].flatMap((name) =>
    typeof name === "string" ? [{ schema, name }] : [],
  );
}

function selectedInto(kind: string, body: Tree): unknown {
  const into = kind === "SelectStmt" ? body.intoClause : kind === "CreateTableAsStmt" && body.into;
  return isTree(into) ? into.rel : undefined;
}

/** A table that gets a partition or a child shows the rows of that from then on. */
function newParents(kind: string, body: Tree): unknown[] {
  const parents =
    kind === "CreateStmt" && Array.isArray(body.inhRelations) ? body.inhRelations : [];
  const found: unknown[] = parents.map((one) => (isTree(one) ? one.RangeVar : undefined));
  if (kind === "AlterTableStmt")
    walk(body.cmds, (command, key) => {
      if (key !== "AlterTableCmd" || !isTree(command.def)) return;
      if (command.subtype === "AT_AddInherit") found.push(command.def.RangeVar);
      const partition = isTree(command.def.PartitionCmd) ? command.def.PartitionCmd : {};
      found.push(partition.name);
    });
  return found;
}

function qualifiedRelation(node: unknown): ChangedObject[] {
  const { schemaname, relname } = isTree(node) ? node : {};
  return typeof schemaname === "string" ? [{ schema: schemaname, name: String(relname) }] : [];
}

function qualifiedObject(names: readonly string[]): ChangedObject[] {
  const [name, schema] = [...names].reverse();
  return schema === undefined ? [] : [{ schema, name }];
}

function typedObjects(body: Tree): ChangedObject[] {
  const type = String(body.removeType ?? body.objtype ?? body.renameType ?? body.objectType);
  const objects = Array.isArray(body.objects) ? body.objects : [body.object];
  if (type === "OBJECT_SCHEMA" || body.targtype === "ACL_TARGET_ALL_IN_SCHEMA")
    return objects.flatMap((object) => {
      const schema = stringOf(object);
      return schema === undefined ? [] : [{ schema, name: undefined }];
    });
  return objects.flatMap((object) => [
    ...qualifiedRelation(isTree(object) ? object.RangeVar : undefined),
    ...qualifiedObject(objectName(object, type)),
  ]);
}

/** Schemas that a statement creates, moves something into, or sets default privileges in. */
function wholeSchemas(kind: string, body: Tree): string[] {
  if (kind === "CreateSchemaStmt" && typeof body.schemaname === "string") return [body.schemaname];
  if (kind === "AlterObjectSchemaStmt" && typeof body.newschema === "string")
    return [body.newschema];
  const schemas =
    kind === "AlterDefaultPrivilegesStmt" ? optionOf(body.options, "schemas")?.arg : undefined;
  return isTree(schemas) && isTree(schemas.List) ? (stringsOf(schemas.List.items) ?? []) : [];
}

/** What a statement creates, changes or drops in schemas other than its target's, whether they are shared or not. */
export function changesOutsideTarget(tree: Tree, source: SourceSchema): ChangedObject[] {
  if (!namesOtherSchema(tree, source)) return [];
  return changedObjects(...unwrap(tree)).filter(({ schema }) => !isTargetSchema(schema, source));
}

/** Schemas other than the target's in which a statement, or one nested in it, writes rows. */
export function schemasWithChangedRows(tree: Tree, source: SourceSchema): string[] {
  if (!namesOtherSchema(tree, source)) return [];
  const found: string[] = [];
  const add = (relation: unknown) =>
    found.push(...qualifiedRelation(relation).map(({ schema }) => schema));
  walk(tree, (node, key) => {
    if (/^(Insert|Update|Delete|Merge)Stmt$/.test(key)) add(node.relation);
    if (key !== "TruncateStmt" || !Array.isArray(node.relations)) return;
    for (const one of node.relations) add(isTree(one) ? one.RangeVar : undefined);
  });
  return found.filter((schema) => !isTargetSchema(schema, source));
}

/** Most statements name only their target's schema, and need no further look. */
function namesOtherSchema(tree: Tree, source: SourceSchema): boolean {
  if ("CreateSchemaStmt" in tree) return true;
  for (const schema of namesOfTree(tree, source).schemas)
    if (!isTargetSchema(schema, source) && !isSystemSchema(schema)) return true;
  return false;
}

/** True for the target's schema, by its placeholder or by a name that the SQL uses for it. */
export function isTargetSchema(schema: string, source: SourceSchema): boolean {
  return schema.startsWith("{tenant") || source.has(schema);
}
