import { allowedSchemas, type SharingRules } from "./allowance.ts";
import { callRuleOf } from "./builtins/functions.ts";
import { isTypeName } from "./builtins/types.ts";
import { type ChangedObject, changedObjects, isTargetSchema } from "./changed-objects.ts";
import type { Tree } from "./parser.ts";
import { isRepeatable, setsPrivilegesOrComment } from "./repeatable.ts";
import type { SourceSchema } from "./source-schema.ts";
import { isSystemRelation } from "./system-objects.ts";
import { isTree, stringsOf, walk } from "./tree.ts";
import type { CheckedStatement, Violation } from "./violation.ts";

/** What a statement changes in the schemas that a service shares with others. */
export function sharedChanges(
  kind: string,
  body: Tree,
  source: SourceSchema,
  rules: SharingRules,
): ChangedObject[] {
  const shared = allowedSchemas(rules);
  return changedObjects(kind, body).filter(
    ({ schema }) => shared.includes(schema) && !source.has(schema),
  );
}

/**
 * Why a change of what tenants share is refused: a statement runs once for each tenant, and a down for one of them. A
 * migration may contain what has no effect when it is repeated for the next tenant; a service with a single schema may
 * change anything, because it runs once.
 */
export function sharedViolation(statement: CheckedStatement): Violation | undefined {
  const { kind, body, tree, source, rules } = statement;
  const changes = sharedChanges(kind, body, source, rules);
  if (rules.down !== undefined)
    return downViolation(kind, changes, rules.down.changedOutside, rules);
  const [change] = changes;
  if (change === undefined || rules.singleSchema !== undefined) return undefined;
  const { schema } = change;
  const done = `the statement ${verbOf(kind, body, change)} ${described(change)}, which all tenants share`;
  if (!isRepeatable(kind, body, tree))
    return {
      message: `${done}: it would run once per tenant`,
      remedy: `To change it only once, ${ownServiceRemedy(schema)} Or add IF NOT EXISTS or OR REPLACE, if the statement supports it. ${released}`,
      name: schema,
    };
  if (setsPrivilegesOrComment.test(kind) || !usesTarget(tree, source)) return undefined;
  return {
    message: `${done}, and uses an object of a single tenant`,
    remedy: `Use only objects of "${schema}" or of another shared schema, and qualify their names. ${released}`,
    name: schema,
  };
}

const released =
  "If tenants have already applied the migration, edit it and run: npx drizzle-fleet repair";

/** A down for one tenant changes nothing shared; one of a single schema reverts what its migration changed. */
function downViolation(
  kind: string,
  changes: readonly ChangedObject[],
  byMigration: readonly ChangedObject[],
  { singleSchema }: SharingRules,
): Violation | undefined {
  const isSingle = singleSchema !== undefined;
  const reverted = isSingle ? byMigration : [];
  const change = changes.find((one) => !reverted.some((other) => isSame(one, other)));
  if (change === undefined) return undefined;
  const done = `the down ${kind.startsWith("Drop") ? "drops" : "changes"} ${described(change)}`;
  return isSingle
    ? {
        message: `${done}, which its migration did not create`,
        remedy: "Remove the statement: a down reverts its own migration, and nothing else.",
        name: change.schema,
      }
    : {
        message: `${done}, which all tenants share`,
        remedy: "Remove the statement: a down reverts a migration in one tenant's schema.",
        name: change.schema,
      };
}

/**
 * True when a statement uses something of the target's, such as its function in a trigger: what all tenants share would
 * then depend on the first or last tenant. An unqualified name is the target's, unless PostgreSQL has it.
 */
function usesTarget(tree: Tree, source: SourceSchema): boolean {
  const ctes = new Set<unknown>();
  let found = false;
  walk(tree, (node, key) => {
    if (key === "CommonTableExpr") ctes.add(node.ctename);
  });
  walk(tree, (node) => {
    found ||= isTargetRelation(node, ctes, source) || namesTarget(node, source);
  });
  return found;
}

function isTargetRelation(node: Tree, ctes: ReadonlySet<unknown>, source: SourceSchema): boolean {
  if (typeof node.relname !== "string") return false;
  if (node.schemaname !== undefined) return isTargetSchema(String(node.schemaname), source);
  return !isSystemRelation(node) && !ctes.has(node.relname);
}

/** True for a node with the name of a target's function or type, or with a text that contains its placeholder. */
function namesTarget(node: Tree, source: SourceSchema): boolean {
  const names = [node.funcname, node.names].flatMap((list) => {
    const parts = stringsOf(list);
    return parts === undefined ? [] : [parts];
  });
  return (
    names.some((parts) => isTargetName(parts, node.names !== undefined, source)) ||
    Object.values(node).some((value) => typeof value === "string" && value.includes("{tenant"))
  );
}

function isTargetName(parts: readonly string[], isType: boolean, source: SourceSchema): boolean {
  const [name = "", schema] = [...parts].reverse();
  if (schema !== undefined) return isTargetSchema(schema, source);
  if (!isType) return callRuleOf(name) === undefined;
  return !isTypeName(name) && !/^(small|big)?serial[248]?$/.test(name);
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

/** What to do with objects that exist once for all tenants, as a clause. */
export function ownServiceRemedy(schema: string): string {
  return `move the objects of "${schema}" to a separate service with singleSchema: "${schema}", and list "${schema}" in this service's sharedSchemas.`;
}
