import { ledgerName } from "../core/ledger.ts";
import { isSystemSchema } from "./catalog-targets.ts";
import { commandName } from "./command-name.ts";
import { definerViolation } from "./definer.ts";
import { isHole } from "./executed-text.ts";
import { publicViolation } from "./grants.ts";
import { isPlaceholder } from "./literals.ts";
import type { Tree } from "./parser.ts";
import { reachOf } from "./reach.ts";
import { namesOfTree } from "./references.ts";
import { settingViolation } from "./settings.ts";
import { changedObjects, type SharingRules, sharedIn, sharedViolation, wayOut } from "./shared.ts";
import type { SourceSchema } from "./source-schema.ts";
import { optionOf, unwrap } from "./tree.ts";
import type { Violation } from "./violation.ts";

/** Kinds of statement whose effect stays inside schemas that the statement names. All others are refused. */
const tenantKinds = new Set([
  "AlterCollationStmt",
  "AlterDefaultPrivilegesStmt",
  "AlterDomainStmt",
  "AlterEnumStmt",
  "AlterFunctionStmt",
  "AlterObjectSchemaStmt",
  "AlterOperatorStmt",
  "AlterObjectDependsStmt",
  "AlterOwnerStmt",
  "AlterPolicyStmt",
  "AlterSeqStmt",
  "AlterStatsStmt",
  "AlterTSConfigurationStmt",
  "AlterTSDictionaryStmt",
  "AlterTableStmt",
  "AlterTypeStmt",
  "CallStmt",
  "ClusterStmt",
  "CommentStmt",
  "CompositeTypeStmt",
  "ConstraintsSetStmt",
  "CreateDomainStmt",
  "CreateEnumStmt",
  "CreateFunctionStmt",
  "CreatePolicyStmt",
  "CreateRangeStmt",
  "CreateSeqStmt",
  "CreateStatsStmt",
  "CreateStmt",
  "CreateTableAsStmt",
  "CreateTrigStmt",
  "DefineStmt",
  "DeleteStmt",
  "DoStmt",
  "DropStmt",
  "GrantStmt",
  "IndexStmt",
  "InsertStmt",
  "LockStmt",
  "MergeStmt",
  // Like pg_notify(): a message carries no rows.
  "NotifyStmt",
  "RefreshMatViewStmt",
  "ReindexStmt",
  "RenameStmt",
  "RuleStmt",
  "SelectStmt",
  "TransactionStmt",
  "TruncateStmt",
  "UpdateStmt",
  "VacuumStmt",
  "VariableSetStmt",
  "VariableShowStmt",
  "ViewStmt",
]);

/** Kinds that stand inside others alone: parts of ALTER TABLE and of bodies. */
const innerKinds = new Set(["ReplicaIdentityStmt", "ReturnStmt"]);

/** Kinds of objects that live in a schema. What DROP, COMMENT and their like do to others reaches further. */
const tenantObjects = new Set(
  `AGGREGATE ATTRIBUTE COLLATION COLUMN CONVERSION DEFAULT DOMAIN DOMCONSTRAINT FOREIGN_TABLE FUNCTION INDEX MATVIEW
   OPCLASS OPERATOR OPFAMILY POLICY PROCEDURE ROUTINE RULE SEQUENCE STATISTIC_EXT TABCONSTRAINT TABLE TRIGGER
   TSCONFIGURATION TSDICTIONARY TSPARSER TSTEMPLATE TYPE VIEW`
    .split(/\s+/)
    .map((name) => `OBJECT_${name}`),
);

const remedies: Readonly<Record<string, string>> = {
  CreateExtensionStmt:
    "An extension belongs to the whole database: set extensionSchema of the service, and it is created there, once.",
  CopyStmt: "A migration has no data stream; write INSERT statements.",
};

/**
 * Says whether a tenant-neutral statement can leave its tenant.
 *
 * @param tree the statement with the placeholder for the tenant schema
 * @param source what the SQL calls the tenant schema
 * @param rules what the configuration allows beside the tenant's own
 */
export function violationOf(
  tree: Tree,
  source: SourceSchema,
  rules: SharingRules,
): Violation | undefined {
  const [kind, body] = unwrap(tree);
  if (kind === "CreateSchemaStmt") return creationViolation(body, tree, source, rules);
  if (!tenantKinds.has(kind) || !worksOnTenantObjects(kind, body)) return beyond(kind, body);
  return (
    wholeDatabaseViolation(kind, body) ??
    foreignViolation(tree, source) ??
    nestedViolation(tree, source) ??
    transactionViolation(kind, body) ??
    settingViolation(kind, body, tree, source, sharedIn(rules)) ??
    publicViolation(tree) ??
    schemaViolation(kind, body, tree, source, rules) ??
    definerViolation(kind, body)
  );
}

function worksOnTenantObjects(kind: string, body: Tree): boolean {
  // Without IN SCHEMA default privileges hold in the whole database.
  if (kind === "AlterDefaultPrivilegesStmt") return optionOf(body.options, "schemas") !== undefined;
  const type = body.removeType ?? body.renameType ?? body.objectType ?? body.objtype;
  if (
    typeof type !== "string" ||
    !/^(Drop|Comment|Grant|Rename|AlterOwner|AlterObjectSchema)Stmt$/.test(kind)
  )
    return true;
  const onSchema = type === "OBJECT_SCHEMA" && kind !== "AlterOwnerStmt";
  return onSchema || tenantObjects.has(type);
}

/** What is PostgreSQL's own belongs to every tenant, and the ledger to the runner. */
function foreignViolation(tree: Tree, source: SourceSchema): Violation | undefined {
  const { systemObjects, ledger } = reachOf(tree, source);
  const [object] = systemObjects;
  if (object !== undefined)
    return {
      message: `the statement works on ${object}, which is PostgreSQL's own and may only be read`,
      remedy: `Remove it. If an object of the tenant's has this name, write ${source.first}. in front of it.`,
      name: object.replace(/,.*/, "").split(".").at(-1) ?? object,
    };
  if (!ledger) return undefined;
  return {
    message: `the statement names ${ledgerName}, the runner's record of what was applied to the tenant`,
    remedy: "Remove it. Use drizzle-fleet stamp or repair to change what is recorded.",
    name: ledgerName,
  };
}

/** Statements inside a statement: in rules, CTEs, bodies that are parsed with it. */
function nestedViolation(tree: Tree, source: SourceSchema): Violation | undefined {
  for (const kind of reachOf(tree, source).kinds)
    if (!tenantKinds.has(kind) && !innerKinds.has(kind)) return beyond(kind);
  return undefined;
}

function beyond(kind: string, body?: Tree): Violation {
  return {
    message: `${commandName(kind, body)} reaches beyond one tenant's schema`,
    remedy:
      remedies[kind] ?? "Run it once per database by other means, not in a tenant's migration.",
  };
}

/** Maintenance that names no table works on everything it can see. */
function wholeDatabaseViolation(kind: string, body: Tree): Violation | undefined {
  const whole =
    (kind === "VacuumStmt" && body.rels === undefined) ||
    (kind === "ClusterStmt" && body.relation === undefined) ||
    (kind === "ReindexStmt" && body.relation === undefined);
  if (!whole) return undefined;
  return {
    message: "without a table this statement works on the whole database",
    remedy: "Name the table or the index.",
  };
}

function transactionViolation(kind: string, body: Tree): Violation | undefined {
  if (kind !== "TransactionStmt") return undefined;
  const allowed = ["TRANS_STMT_BEGIN", "TRANS_STMT_START", "TRANS_STMT_COMMIT"];
  if (allowed.includes(String(body.kind)) && body.chain !== true) return undefined;
  return {
    message: "only BEGIN and COMMIT may stand in a migration",
    remedy:
      "Remove the statement: each migration runs in a transaction that the runner opens and ends.",
  };
}

function schemaViolation(
  kind: string,
  body: Tree,
  tree: Tree,
  source: SourceSchema,
  rules: SharingRules,
): Violation | undefined {
  const allowed = sharedIn(rules);
  let shares = false;
  for (const schema of namesOfTree(tree, source).schemas) {
    if (isPlaceholder(schema) || isSystemSchema(schema) || schema === "pg_temp") continue;
    // What EXECUTE builds is not proved by reading what is constant in it.
    if (source.isTarget(schema) || isHole(schema)) continue;
    shares ||= allowed.includes(schema);
    if (allowed.includes(schema)) continue;
    return {
      message: `the statement names the schema "${schema}", which is neither ${ownerOf(rules)} nor shared`,
      remedy: foreignRemedy(schema, kind, body, source, rules),
      name: schema,
    };
  }
  const violation = shares ? sharedViolation(kind, body, tree, source, rules) : undefined;
  if (violation !== undefined) return violation;
  // Dropping or renaming the tenant schema, or moving out of it, is no migration of what is in it.
  const ofSchema = [body.removeType, body.renameType].includes("OBJECT_SCHEMA");
  const reverts = shares && rules.down !== undefined && body.behavior === "DROP_RESTRICT";
  if (ofSchema && reverts) return undefined;
  if (!ofSchema && !(kind === "AlterObjectSchemaStmt" && !isPlaceholder(String(body.newschema))))
    return undefined;
  return {
    message: "the statement works on a schema as a whole",
    remedy: "The runner creates and keeps the tenant schema; remove the statement.",
  };
}

/** A schema that is the target's is made by the runner, and one that is shared once per database. */
function creationViolation(
  body: Tree,
  tree: Tree,
  source: SourceSchema,
  rules: SharingRules,
): Violation | undefined {
  const schema = String(body.schemaname);
  if (source.has(schema))
    return {
      message: "the runner creates and owns the schema of its target",
      remedy: "Remove the statement; write the objects that it creates as statements of their own.",
      name: schema,
    };
  if (sharedIn(rules).includes(schema))
    return sharedViolation("CreateSchemaStmt", body, tree, source, rules);
  return {
    message: `the statement creates the schema "${schema}", which is neither ${ownerOf(rules)} nor shared`,
    remedy: foreignRemedy(schema, "CreateSchemaStmt", body, source, rules),
    name: schema,
  };
}

function ownerOf({ singleSchema }: SharingRules): string {
  return singleSchema === undefined ? "the tenant's" : "the service's own";
}

/** What can be done about a schema that is neither the target's nor shared. */
function foreignRemedy(
  schema: string,
  kind: string,
  body: Tree,
  source: SourceSchema,
  { singleSchema }: SharingRules,
): string {
  const changes = changedObjects(kind, body).some((one) => one.schema === schema);
  if (schema === "public")
    return source.has(schema)
      ? "Write the name without its schema; it resolves in the tenant schema."
      : `sourceSchema of the service is "${source.first}", so public is a schema like any other. If it holds the tenant's own objects, set sourceSchema: ["${source.first}", "public"]; to refer to what tenants share, list it under sharedSchemas.`;
  if (!changes)
    return `Write the name without its schema, or list "${schema}" under sharedSchemas of the service.`;
  const own = `If the service's own tables are declared in "${schema}", set sourceSchema: "${schema}" of the service.`;
  return singleSchema === undefined
    ? `${own} If all tenants share it, keep ${wayOut(schema)}`
    : `${own} Otherwise list it under sharedSchemas.`;
}
