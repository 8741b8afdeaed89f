import { standingOf } from "./builtins/functions.ts";
import { isTypeName } from "./builtins/types.ts";
import { changed, isSystemRelation, isSystemSchema, made, objectName } from "./catalog-targets.ts";
import { duplicateState, handledAround } from "./handlers.ts";
import type { Tree } from "./parser.ts";
import { namesOfTree } from "./references.ts";
import type { SourceSchema } from "./source-schema.ts";
import { isTree, namesOf, optionOf, stringOf, unwrap, walk } from "./tree.ts";
import type { Violation } from "./violation.ts";

/** Something that a statement makes, changes or drops in a schema that it names. */
export interface ChangedObject {
  readonly schema: string;
  /** Undefined for the schema itself. */
  readonly name: string | undefined;
}

/** Where a statement keeps the relation that it makes, or makes something of. */
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

/** Statements that say what kind of object they are about, and name it in a list or as one. */
const typed = /^(Drop|Comment|Grant|Rename|AlterOwner|AlterObjectSchema|AlterObjectDepends)Stmt$/;

/**
 * What a statement of data definition works on, where it names the schema of that: its rows' statements, and what it
 * only refers to, are not among them.
 */
export function changedObjects(kind: string, body: Tree): ChangedObject[] {
  const relations = [body[relationKeys[kind] ?? ""], intoOf(kind, body), ...parentsOf(kind, body)];
  const names = [made[kind], changed[kind]?.[0]].flatMap((key) =>
    key === undefined ? [] : [objectName(body[key], changed[kind]?.[1] ?? "")],
  );
  return [
    ...relations.flatMap(relationIn).flatMap((one) => [one, ...besides(body, one)]),
    ...names.flatMap(namedIn).flatMap((one) => [one, ...besides(body, one)]),
    ...(typed.test(kind) ? typedIn(body) : []),
    ...schemasIn(kind, body).map((schema) => ({ schema, name: undefined })),
  ];
}

/** An index is in its table's schema, and so is what gets another name. */
function besides(
  { idxname, newname, renameType }: Tree,
  { schema }: ChangedObject,
): ChangedObject[] {
  const ofTable = /COLUMN|CONSTRAINT|TRIGGER|POLICY|RULE|ATTRIBUTE/.test(String(renameType));
  return [idxname, ofTable ? undefined : newname].flatMap((name) =>
    typeof name === "string" ? [{ schema, name }] : [],
  );
}

function intoOf(kind: string, body: Tree): unknown {
  const into = kind === "SelectStmt" ? body.intoClause : kind === "CreateTableAsStmt" && body.into;
  return isTree(into) ? into.rel : undefined;
}

/** A table that gets a partition or a child shows its rows from then on. */
function parentsOf(kind: string, body: Tree): unknown[] {
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

function relationIn(node: unknown): ChangedObject[] {
  const { schemaname, relname } = isTree(node) ? node : {};
  return typeof schemaname === "string" ? [{ schema: schemaname, name: String(relname) }] : [];
}

function namedIn(names: readonly string[]): ChangedObject[] {
  const [name, schema] = [...names].reverse();
  return schema === undefined ? [] : [{ schema, name }];
}

function typedIn(body: Tree): ChangedObject[] {
  const type = String(body.removeType ?? body.objtype ?? body.renameType ?? body.objectType);
  const objects = Array.isArray(body.objects) ? body.objects : [body.object];
  if (type === "OBJECT_SCHEMA" || body.targtype === "ACL_TARGET_ALL_IN_SCHEMA")
    return objects.flatMap((object) => {
      const schema = stringOf(object);
      return schema === undefined ? [] : [{ schema, name: undefined }];
    });
  return objects.flatMap((object) => [
    ...relationIn(isTree(object) ? object.RangeVar : undefined),
    ...namedIn(objectName(object, type)),
  ]);
}

/** Schemas that are made, that something is moved into, or that get privileges for all to come. */
function schemasIn(kind: string, body: Tree): string[] {
  if (kind === "CreateSchemaStmt" && typeof body.schemaname === "string") return [body.schemaname];
  if (kind === "AlterObjectSchemaStmt" && typeof body.newschema === "string")
    return [body.newschema];
  const schemas =
    kind === "AlterDefaultPrivilegesStmt" ? optionOf(body.options, "schemas")?.arg : undefined;
  return isTree(schemas) && isTree(schemas.List) ? (namesOf(schemas.List.items) ?? []) : [];
}

/** Statements that set a state, and may set it again: privileges and comments. */
const privileges = /^(Comment|Grant|AlterDefaultPrivileges)Stmt$/;

/**
 * True for a statement that does nothing when it is run again, for the next tenant: by IF NOT EXISTS or OR REPLACE,
 * because it sets what is already set, or because the body around it skips what exists.
 */
export function isRepeatable(kind: string, body: Tree, tree: Tree): boolean {
  const state = duplicateState(kind, body);
  const passed = handledAround(tree);
  if (state !== undefined && (passed.has(state) || passed.has("others"))) return true;
  if (privileges.test(kind)) return true;
  if (kind === "CreateSchemaStmt")
    return body.if_not_exists === true && body.schemaElts === undefined;
  if (kind === "AlterEnumStmt") return body.skipIfNewValExists === true;
  if (kind === "AlterTableStmt") return addsMissingColumns(body);
  return body.if_not_exists === true || body.replace === true;
}

function addsMissingColumns({ cmds }: Tree): boolean {
  return (Array.isArray(cmds) ? cmds : []).every((item: unknown) => {
    const command = isTree(item) && isTree(item.AlterTableCmd) ? item.AlterTableCmd : {};
    return command.subtype === "AT_AddColumn" && command.missing_ok === true;
  });
}

/**
 * True when a statement uses something of the target's, such as its function in a trigger: what all tenants share would
 * be the first one's, or the last one's. A name without a schema is the target's, unless PostgreSQL has it.
 */
function usesTarget(tree: Tree, source: SourceSchema): boolean {
  const withs = new Set<unknown>();
  let found = false;
  walk(tree, (node, key) => {
    if (key === "CommonTableExpr") withs.add(node.ctename);
  });
  walk(tree, (node) => {
    const names = [node.funcname, node.names].flatMap((list) => {
      const parts = namesOf(list);
      return parts === undefined ? [] : [parts];
    });
    const relation =
      typeof node.relname === "string" &&
      (node.schemaname === undefined
        ? !isSystemRelation(node) && !withs.has(node.relname)
        : isOwn(String(node.schemaname), source));
    const other = names.some((parts) => isOwnName(parts, node.names !== undefined, source));
    const text = Object.values(node).some(
      (value) => typeof value === "string" && value.includes("{tenant"),
    );
    if (relation || other || text) found = true;
  });
  return found;
}

function isOwnName(parts: readonly string[], isType: boolean, source: SourceSchema): boolean {
  const [name = "", schema] = [...parts].reverse();
  if (schema !== undefined) return isOwn(schema, source);
  if (!isType) return standingOf(name) === undefined;
  return !isTypeName(name) && !/^(small|big)?serial[248]?$/.test(name);
}

function isOwn(schema: string, source: SourceSchema): boolean {
  return schema.startsWith("{tenant") || source.has(schema);
}

/** What a statement makes, changes or drops in schemas beside its target's, whether they are shared or not. */
export function changesBeside(tree: Tree, source: SourceSchema): ChangedObject[] {
  if (!namesOther(tree, source)) return [];
  return changedObjects(...unwrap(tree)).filter(({ schema }) => !isOwn(schema, source));
}

/** Schemas beside its target's in which a statement writes rows, wherever in it that stands. */
export function rowsBeside(tree: Tree, source: SourceSchema): string[] {
  if (!namesOther(tree, source)) return [];
  const found: string[] = [];
  walk(tree, (node, key) => {
    if (/^(Insert|Update|Delete|Merge)Stmt$/.test(key))
      found.push(...relationIn(node.relation).map(({ schema }) => schema));
    if (key !== "TruncateStmt" || !Array.isArray(node.relations)) return;
    for (const one of node.relations)
      found.push(...relationIn(isTree(one) ? one.RangeVar : undefined).map(({ schema }) => schema));
  });
  return found.filter((schema) => !isOwn(schema, source));
}

/** Most statements name no schema but their own, and are not looked at any further. */
function namesOther(tree: Tree, source: SourceSchema): boolean {
  if ("CreateSchemaStmt" in tree) return true;
  for (const schema of namesOfTree(tree, source).schemas)
    if (!isOwn(schema, source) && !isSystemSchema(schema)) return true;
  return false;
}

const released =
  "If tenants have applied the migration already, edit it and run: drizzle-fleet repair";

/** What decides whether a statement may work on what tenants share. */
export interface SharingRules {
  readonly sharedSchemas: readonly string[];
  readonly extensionSchema?: string | undefined;
  /** Set for a service that is not kept per tenant: its statements run once. */
  readonly singleSchema?: string | undefined;
  /** Set for a down: what its migration did to schemas beside the target's. */
  readonly down?: { readonly made: readonly ChangedObject[] } | undefined;
}

/** The schemas that a service's SQL may name beside its target's. */
export function sharedIn({ sharedSchemas, extensionSchema }: SharingRules): string[] {
  return [...sharedSchemas, ...(extensionSchema === undefined ? [] : [extensionSchema])];
}

/** What a statement changes in the schemas that a service shares with others. */
export function sharedChanges(
  kind: string,
  body: Tree,
  source: SourceSchema,
  rules: SharingRules,
): ChangedObject[] {
  const shared = sharedIn(rules);
  return changedObjects(kind, body).filter(
    ({ schema }) => shared.includes(schema) && !source.has(schema),
  );
}

/**
 * Why a statement may not change what tenants share: it runs once for each tenant, and a down for one of them. What
 * the next tenant repeats without an effect may stand in a migration, and everything may in a service that runs once.
 */
export function sharedViolation(
  kind: string,
  body: Tree,
  tree: Tree,
  source: SourceSchema,
  rules: SharingRules,
): Violation | undefined {
  const changes = sharedChanges(kind, body, source, rules);
  const { singleSchema, down } = rules;
  if (down !== undefined) {
    const made = singleSchema === undefined ? [] : down.made;
    const foreign = changes.find((one) => !made.some((other) => isSame(one, other)));
    return foreign && downViolation(kind, foreign, singleSchema !== undefined);
  }
  const [change] = changes;
  if (change === undefined || singleSchema !== undefined) return undefined;
  const { schema } = change;
  const done = `the statement ${verbOf(kind, body, change)} ${described(change)}, which all tenants share`;
  if (!isRepeatable(kind, body, tree))
    return {
      message: `${done}: it would run once for each of them`,
      remedy: `Keep ${wayOut(schema)} Or write IF NOT EXISTS or OR REPLACE, where the statement takes it. ${released}`,
      name: schema,
    };
  if (privileges.test(kind) || !usesTarget(tree, source)) return undefined;
  return {
    message: `${done}, and uses what belongs to one of them`,
    remedy: `Use only what is in "${schema}" or another shared schema, and name it with its schema. ${released}`,
    name: schema,
  };
}

function downViolation(kind: string, change: ChangedObject, isSingle: boolean): Violation {
  const done = `the down ${kind.startsWith("Drop") ? "drops" : "changes"} ${described(change)}`;
  return isSingle
    ? {
        message: `${done}, which its migration did not make`,
        remedy: "Remove the statement: a down reverts what its migration did, and nothing else.",
        name: change.schema,
      }
    : {
        message: `${done}, which all tenants share`,
        remedy: "Remove the statement: a down reverts a migration in one tenant's schema.",
        name: change.schema,
      };
}

function verbOf(kind: string, body: Tree, { schema, name }: ChangedObject): string {
  if (kind.startsWith("Drop")) return "drops";
  const relation = isTree(body.relation) ? body.relation : undefined;
  const inItself = relation === undefined || relation.schemaname === schema;
  const creates = /^(Create(?!Trig|Policy)|Define|View|Composite|Select)/.test(kind) && inItself;
  return creates && (name !== undefined || kind === "CreateSchemaStmt") ? "creates" : "changes";
}

function described({ schema, name }: ChangedObject): string {
  return name === undefined ? `the schema "${schema}"` : `${name} in the schema "${schema}"`;
}

function isSame(one: ChangedObject, other: ChangedObject): boolean {
  return one.schema === other.schema && one.name === other.name;
}

/** Where the objects of a schema belong that no tenant has for itself: goes on after `keep`. */
export function wayOut(schema: string): string {
  return `what is in "${schema}" in a service of its own with singleSchema: "${schema}", and list "${schema}" here under sharedSchemas to refer to it.`;
}
