import type { Tree } from "../../sql/parser.ts";
import { isTree, stringsOf, unwrap } from "../../sql/tree.ts";

/** A name in parts, schema first: `["auth_acme", "users"]`. */
type Name = readonly string[];

/** The statements that a structure is made of: what must be true of one, and the objects that it makes or changes. */
interface Shape {
  readonly holds?: (body: Tree) => boolean;
  readonly makes: (body: Tree) => readonly (Name | undefined)[];
}

const listed = (key: string) => (body: Tree) => [stringsOf(body[key])];
const related = (key: string) => (body: Tree) => [relationName(body[key])];

const shapes: Readonly<Record<string, Shape>> = {
  CompositeTypeStmt: { makes: related("typevar") },
  CreateDomainStmt: { makes: listed("domainname") },
  CreateEnumStmt: { makes: listed("typeName") },
  CreateFunctionStmt: { makes: listed("funcname") },
  CreatePolicyStmt: { makes: related("table") },
  CreateRangeStmt: { makes: listed("typeName") },
  CreateSeqStmt: { makes: related("sequence") },
  CreateStatsStmt: { makes: listed("defnames") },
  CreateTrigStmt: { makes: related("relation") },
  RuleStmt: { makes: related("relation") },
  AlterStatsStmt: { makes: listed("defnames") },
  AlterTSConfigurationStmt: { makes: listed("cfgname") },
  AlterDomainStmt: { holds: ({ subtype }) => letter(subtype, "C"), makes: listed("typeName") },
  AlterSeqStmt: { makes: related("sequence") },
  AlterTableStmt: { holds: hasKnownActions, makes: alteredTables },
  CommentStmt: { makes: (body) => [commentedName(body)] },
  CreateStmt: { holds: isOrdinaryTable, makes: madeTables },
  CreateTableAsStmt: { holds: isEmptyView, makes: ({ into }) => [relationName(inside(into).rel)] },
  DefineStmt: {
    holds: ({ kind }) =>
      /^OBJECT_(?:AGGREGATE|COLLATION|OPERATOR|TSCONFIGURATION|TSDICTIONARY)$/.test(String(kind)),
    makes: listed("defnames"),
  },
  GrantStmt: { holds: isClosing, makes: ({ objects }) => many(objects).map(closedName) },
  IndexStmt: {
    holds: (body) => body.concurrent !== true && body.tableSpace === undefined,
    makes: related("relation"),
  },
  RefreshMatViewStmt: {
    holds: ({ concurrent }) => concurrent !== true,
    makes: related("relation"),
  },
  RenameStmt: {
    holds: ({ renameType }) => renameType === "OBJECT_TABCONSTRAINT",
    makes: related("relation"),
  },
  ViewStmt: { makes: related("view") },
};

/**
 * True for a statement such as a structure is made of: one that makes an object of the tenant's or a part of one, and
 * neither takes anything away, nor touches rows, nor the ledger.
 *
 * @param schema the tenant schema, as the statement has it
 */
export function isStructure(tree: Tree, schema: string): boolean {
  const [kind, body] = unwrap(tree);
  const shape = Object.hasOwn(shapes, kind) ? shapes[kind] : undefined;
  if (shape === undefined || shape.holds?.(body) === false) return false;
  return shape
    .makes(body)
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

/** Names a table's parts with it: `[schema, table, constraint]`. */
function commentedName({ objtype, object }: Tree): Name | undefined {
  if (objtype === "OBJECT_SCHEMA") return [String(inside(inside(object).String).sval), ""];
  const { List, TypeName } = inside(object);
  const items = inside(List).items;
  // Of a domain's constraint: the domain, then its name.
  const [domain] = many(items);
  const type = inside(TypeName ?? inside(domain).TypeName).names;
  return stringsOf(type) ?? stringsOf(items) ?? routineName(object);
}

function closedName(node: unknown): Name | undefined {
  return routineName(node) ?? stringsOf(inside(inside(node).List).items);
}

function isOrdinaryTable({ relation, tablespacename, oncommit }: Tree): boolean {
  const { relpersistence } = inside(relation);
  const stays = oncommit === undefined || oncommit === "ONCOMMIT_NOOP";
  return !letter(relpersistence, "t") && tablespacename === undefined && stays;
}

/** The table itself, and those that it inherits from. */
function madeTables({ relation, inhRelations }: Tree): (Name | undefined)[] {
  const parents = many(inhRelations).map((node) => relationName(inside(node).RangeVar));
  return [relationName(relation), ...parents];
}

/** A materialized view is made without rows, and filled when they are there. */
function isEmptyView({ objtype, into }: Tree): boolean {
  const { skipData, tableSpaceName } = inside(into);
  return objtype === "OBJECT_MATVIEW" && skipData === true && tableSpaceName === undefined;
}

/** REVOKE ALL ON ROUTINE ... FROM PUBLIC, or ON TYPE. */
function isClosing(body: Tree): boolean {
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

/** The table itself, and the partitions or parents that it is joined with. */
function alteredTables(body: Tree): (Name | undefined)[] {
  const others = commandsOf(body).flatMap(({ subtype, def }) => {
    if (subtype === "AT_AttachPartition")
      return [relationName(inside(inside(def).PartitionCmd).name)];
    return subtype === "AT_AddInherit" ? [relationName(inside(def).RangeVar)] : [];
  });
  return [relationName(body.relation), ...others];
}
