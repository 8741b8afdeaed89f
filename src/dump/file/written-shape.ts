import type { Tree } from "../../sql/parser.ts";
import { isTree, stringsOf, unwrap } from "../../sql/tree.ts";

/** A name in parts, schema first: `["auth_acme", "users"]`. */
type Name = readonly string[];

/** A kind of statement that structures contain. */
interface Shape {
  /** An additional condition on the statement. */
  readonly allows?: (body: Tree) => boolean;
  /** The objects that it creates or changes; undefined for a name without a schema. */
  readonly changes: (body: Tree) => readonly (Name | undefined)[];
}

const listed = (key: string) => (body: Tree) => [stringsOf(body[key])];
const related = (key: string) => (body: Tree) => [relationName(body[key])];

const shapes: Readonly<Record<string, Shape>> = {
  CompositeTypeStmt: { changes: related("typevar") },
  CreateDomainStmt: { changes: listed("domainname") },
  CreateEnumStmt: { changes: listed("typeName") },
  CreateFunctionStmt: { changes: listed("funcname") },
  CreatePolicyStmt: { changes: related("table") },
  CreateRangeStmt: { changes: listed("typeName") },
  CreateSeqStmt: { changes: related("sequence") },
  CreateStatsStmt: { changes: listed("defnames") },
  CreateTrigStmt: { changes: related("relation") },
  RuleStmt: { changes: related("relation") },
  AlterStatsStmt: { changes: listed("defnames") },
  AlterTSConfigurationStmt: { changes: listed("cfgname") },
  AlterDomainStmt: { allows: ({ subtype }) => letter(subtype, "C"), changes: listed("typeName") },
  AlterSeqStmt: { changes: related("sequence") },
  AlterTableStmt: { allows: hasKnownActions, changes: alteredTables },
  CommentStmt: { changes: (body) => [commentedName(body)] },
  CreateStmt: { allows: isOrdinaryTable, changes: createdTables },
  CreateTableAsStmt: {
    allows: isEmptyView,
    changes: ({ into }) => [relationName(inside(into).rel)],
  },
  DefineStmt: {
    allows: ({ kind }) =>
      /^OBJECT_(?:AGGREGATE|COLLATION|OPERATOR|TSCONFIGURATION|TSDICTIONARY)$/.test(String(kind)),
    changes: listed("defnames"),
  },
  GrantStmt: {
    allows: isRevokeFromPublic,
    changes: ({ objects }) => many(objects).map(revokedName),
  },
  IndexStmt: {
    allows: (body) => body.concurrent !== true && body.tableSpace === undefined,
    changes: related("relation"),
  },
  RefreshMatViewStmt: {
    allows: ({ concurrent }) => concurrent !== true,
    changes: related("relation"),
  },
  RenameStmt: {
    allows: ({ renameType }) => renameType === "OBJECT_TABCONSTRAINT",
    changes: related("relation"),
  },
  ViewStmt: { changes: related("view") },
};

/**
 * True for a statement of a kind that structures contain: it creates or changes an object of the tenant; it drops
 * nothing, and affects neither rows nor the ledger.
 *
 * @param schema the tenant schema's name in the statement
 */
export function isStructure(tree: Tree, schema: string): boolean {
  const [kind, body] = unwrap(tree);
  const shape = Object.hasOwn(shapes, kind) ? shapes[kind] : undefined;
  if (shape === undefined || shape.allows?.(body) === false) return false;
  return shape
    .changes(body)
    .every((name) => name?.[0] === schema && name[1]?.startsWith("__fleet") === false);
}

function inside(node: unknown): Tree {
  return isTree(node) ? node : {};
}

function many(list: unknown): readonly unknown[] {
  return Array.isArray(list) ? list : [];
}

function letter(value: unknown, wanted: string): boolean {
  return value === wanted || value === wanted.charCodeAt(0);
}

function relationName(node: unknown): Name | undefined {
  const { schemaname, relname, catalogname } = inside(node);
  if (typeof schemaname !== "string" || typeof relname !== "string" || catalogname !== undefined)
    return undefined;
  return [schemaname, relname];
}

function routineName(node: unknown): Name | undefined {
  return stringsOf(inside(inside(node).ObjectWithArgs).objname);
}

/** The name of a part of a table begins with the table's: `[schema, table, constraint]`. */
function commentedName({ objtype, object }: Tree): Name | undefined {
  if (objtype === "OBJECT_SCHEMA") return [String(inside(inside(object).String).sval), ""];
  const { List, TypeName } = inside(object);
  const items = inside(List).items;
  // For a constraint of a domain, the list contains the domain and the constraint's name.
  const [domain] = many(items);
  const type = inside(TypeName ?? inside(domain).TypeName).names;
  return stringsOf(type) ?? stringsOf(items) ?? routineName(object);
}

function revokedName(node: unknown): Name | undefined {
  return routineName(node) ?? stringsOf(inside(inside(node).List).items);
}

function isOrdinaryTable({ relation, tablespacename, oncommit }: Tree): boolean {
  const { relpersistence } = inside(relation);
  const stays = oncommit === undefined || oncommit === "ONCOMMIT_NOOP";
  return !letter(relpersistence, "t") && tablespacename === undefined && stays;
}

/** The table, and the tables that it inherits from. */
function createdTables({ relation, inhRelations }: Tree): (Name | undefined)[] {
  const parents = many(inhRelations).map((node) => relationName(inside(node).RangeVar));
  return [relationName(relation), ...parents];
}

/** Materialized views are created without rows, and refreshed after the tables have their rows. */
function isEmptyView({ objtype, into }: Tree): boolean {
  const { skipData, tableSpaceName } = inside(into);
  return objtype === "OBJECT_MATVIEW" && skipData === true && tableSpaceName === undefined;
}

/** REVOKE ALL ON ROUTINE ... FROM PUBLIC, or ON TYPE. */
function isRevokeFromPublic(body: Tree): boolean {
  const { is_grant, targtype, objtype, privileges, grantees } = body;
  const [grantee, ...more] = many(grantees);
  return (
    is_grant !== true &&
    targtype === "ACL_TARGET_OBJECT" &&
    (objtype === "OBJECT_ROUTINE" || objtype === "OBJECT_TYPE") &&
    privileges === undefined &&
    more.length === 0 &&
    inside(inside(grantee).RoleSpec).roletype === "ROLESPEC_PUBLIC"
  );
}

const actions = new Set(
  `AddConstraint AddInherit AddOf AttachPartition ClusterOn ColumnDefault SetNotNull SetStatistics SetStorage SetCompression
   SetOptions SetRelOptions ReplicaIdentity EnableRowSecurity ForceRowSecurity EnableTrig EnableAlwaysTrig EnableReplicaTrig
   DisableTrig EnableRule EnableAlwaysRule EnableReplicaRule DisableRule`
    .split(/\s+/)
    .map((name) => `AT_${name}`),
);

function commandsOf({ cmds }: Tree): Tree[] {
  return many(cmds).map((cmd) => inside(inside(cmd).AlterTableCmd));
}

function hasKnownActions(body: Tree): boolean {
  return commandsOf(body).every(({ subtype }) => actions.has(String(subtype)));
}

/** The table, and the partitions or parents that are attached to it. */
function alteredTables(body: Tree): (Name | undefined)[] {
  const others = commandsOf(body).flatMap(({ subtype, def }) => {
    if (subtype === "AT_AttachPartition")
      return [relationName(inside(inside(def).PartitionCmd).name)];
    return subtype === "AT_AddInherit" ? [relationName(inside(def).RangeVar)] : [];
  });
  return [relationName(body.relation), ...others];
}
