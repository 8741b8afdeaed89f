import { ledgerName } from "../core/ledger.ts";
import { allowedSchemas, type SharingRules } from "./allowance.ts";
import { changedObjects } from "./changed-objects.ts";
import { commandName } from "./command-name.ts";
import { isHole } from "./executed-text.ts";
import { isPlaceholder } from "./literals.ts";
import { namesOfTree } from "./names-in-tree.ts";
import type { Tree } from "./parser.ts";
import { publicViolation } from "./public-grants.ts";
import { reachOf } from "./reach.ts";
import { definerViolation } from "./security-definer.ts";
import { settingViolation } from "./settings.ts";
import { ownServiceRemedy, sharedViolation } from "./shared-schemas.ts";
import type { SourceSchema } from "./source-schema.ts";
import { isSystemSchema } from "./system-objects.ts";
import { optionOf, unwrap } from "./tree.ts";
import type { CheckedStatement, Violation } from "./violation.ts";

/** Kinds of statement that affect only the schemas they name. All others are refused. */
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
  // Like pg_notify(): a notification contains no rows.
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

/** Kinds that occur only inside others: parts of ALTER TABLE and of function bodies. */
const innerKinds = new Set(["ReplicaIdentityStmt", "ReturnStmt"]);

/** Kinds of objects that belong to a schema. DROP, COMMENT and similar statements on other kinds reach further. */
const tenantObjects = new Set(
  `AGGREGATE ATTRIBUTE COLLATION COLUMN CONVERSION DEFAULT DOMAIN DOMCONSTRAINT FOREIGN_TABLE FUNCTION INDEX MATVIEW
   OPCLASS OPERATOR OPFAMILY POLICY PROCEDURE ROUTINE RULE SEQUENCE STATISTIC_EXT TABCONSTRAINT TABLE TRIGGER
   TSCONFIGURATION TSDICTIONARY TSPARSER TSTEMPLATE TYPE VIEW`
    .split(/\s+/)
    .map((name) => `OBJECT_${name}`),
);

const remedies: Readonly<Record<string, string>> = {
  CreateExtensionStmt:
    "An extension belongs to the whole database. Set extensionSchema for the service: drizzle-fleet then creates the extension in it, once per database.",
  CopyStmt: "A migration has no data stream. Use INSERT statements.",
};

/**
 * Checks whether a tenant-neutral statement can leave its tenant.
 *
 * @param tree the statement with the placeholder for the tenant schema
 * @param source what the SQL calls the tenant schema
 * @param rules what the configuration allows in addition to the tenant's own schema
 */
export function violationOf(
  tree: Tree,
  source: SourceSchema,
  rules: SharingRules,
): Violation | undefined {
  const [kind, body] = unwrap(tree);
  const statement: CheckedStatement = { tree, kind, body, source, rules };
  if (kind === "CreateSchemaStmt") return schemaCreationViolation(statement);
  if (!tenantKinds.has(kind) || !concernsTenantObjects(kind, body))
    return reachesBeyondTenant(kind, body);
  return (
    wholeDatabaseViolation(kind, body) ??
    systemObjectViolation(tree, source) ??
    nestedViolation(tree, source) ??
    transactionViolation(kind, body) ??
    settingViolation(statement) ??
    publicViolation(tree) ??
    schemaViolation(statement) ??
    definerViolation(kind, body)
  );
}

function concernsTenantObjects(kind: string, body: Tree): boolean {
  // Without IN SCHEMA, default privileges apply to the whole database.
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

/** PostgreSQL's own objects belong to every tenant, and the ledger to drizzle-fleet. */
function systemObjectViolation(tree: Tree, source: SourceSchema): Violation | undefined {
  const { systemObjects, ledger } = reachOf(tree, source);
  const [object] = systemObjects;
  if (object !== undefined) {
    const name = object.replace(/,.*/, "").split(".").at(-1) ?? object;
    return {
      message: `the statement targets ${object}, which belongs to PostgreSQL: migrations cannot change it`,
      remedy: `Remove the statement. If the tenant has an object of this name, qualify it with the schema ${source.first}.`,
      name,
    };
  }
  if (!ledger) return undefined;
  return {
    message: `the statement names ${ledgerName}, the ledger in which drizzle-fleet records what was applied to the tenant`,
    remedy:
      "Remove the statement. To change what is recorded, use npx drizzle-fleet stamp or npx drizzle-fleet repair.",
    name: ledgerName,
  };
}

/** Checks statements inside a statement: in rules, in CTEs, and in bodies that the grammar parses. */
function nestedViolation(tree: Tree, source: SourceSchema): Violation | undefined {
  for (const kind of reachOf(tree, source).kinds)
    if (!tenantKinds.has(kind) && !innerKinds.has(kind)) return reachesBeyondTenant(kind);
  return undefined;
}

function reachesBeyondTenant(kind: string, body?: Tree): Violation {
  return {
    message: `${commandName(kind, body)} reaches beyond one tenant's schema`,
    remedy: remedies[kind] ?? "Run it once per database, outside of the tenants' migrations.",
  };
}

/** Maintenance that names no table processes every table that it can see. */
function wholeDatabaseViolation(kind: string, body: Tree): Violation | undefined {
  const whole =
    (kind === "VacuumStmt" && body.rels === undefined) ||
    (kind === "ClusterStmt" && body.relation === undefined) ||
    (kind === "ReindexStmt" && body.relation === undefined);
  if (!whole) return undefined;
  return {
    message: "without a table, this statement processes the whole database",
    remedy: "Name a table or an index.",
  };
}

function transactionViolation(kind: string, body: Tree): Violation | undefined {
  if (kind !== "TransactionStmt") return undefined;
  const allowed = ["TRANS_STMT_BEGIN", "TRANS_STMT_START", "TRANS_STMT_COMMIT"];
  if (allowed.includes(String(body.kind)) && body.chain !== true) return undefined;
  return {
    message: "BEGIN and COMMIT are the only transaction commands that a migration can contain",
    remedy:
      "Remove the statement: drizzle-fleet begins and ends the transaction of each migration.",
  };
}

function schemaViolation(statement: CheckedStatement): Violation | undefined {
  const { tree, source, rules } = statement;
  const allowed = allowedSchemas(rules);
  let shares = false;
  for (const schema of namesOfTree(tree, source).schemas) {
    if (isPlaceholder(schema) || isSystemSchema(schema) || schema === "pg_temp") continue;
    // The constant parts of what EXECUTE builds prove nothing about the name as a whole.
    if (source.isTarget(schema) || isHole(schema)) continue;
    if (!allowed.includes(schema)) return foreignSchemaViolation("names", schema, statement);
    shares = true;
  }
  const violation = shares ? sharedViolation(statement) : undefined;
  return violation ?? wholeSchemaViolation(statement, shares);
}

/** Dropping or renaming the tenant schema, or moving an object out of it, is not the task of a migration. */
function wholeSchemaViolation(
  { kind, body, rules }: CheckedStatement,
  shares: boolean,
): Violation | undefined {
  const ofSchema = [body.removeType, body.renameType].includes("OBJECT_SCHEMA");
  const reverts = shares && rules.down !== undefined && body.behavior === "DROP_RESTRICT";
  if (ofSchema && reverts) return undefined;
  if (!ofSchema && !(kind === "AlterObjectSchemaStmt" && !isPlaceholder(String(body.newschema))))
    return undefined;
  if (!ofSchema)
    return {
      message: "the statement moves an object out of its schema",
      remedy: "Remove the statement: a tenant's objects stay in the tenant schema.",
    };
  return {
    message: "the statement drops or renames a schema",
    remedy: "Remove the statement: drizzle-fleet creates and drops tenant schemas itself.",
  };
}

/** The runner creates the target's schema; a shared schema is created once per database. */
function schemaCreationViolation(statement: CheckedStatement): Violation | undefined {
  const { body, source, rules } = statement;
  const schema = String(body.schemaname);
  if (source.has(schema))
    return {
      message: "drizzle-fleet creates the target's schema itself",
      remedy: "Remove the statement, and create the objects in it with separate statements.",
      name: schema,
    };
  if (allowedSchemas(rules).includes(schema)) return sharedViolation(statement);
  return foreignSchemaViolation("creates", schema, statement);
}

/** A schema that is neither the target's nor shared. */
function foreignSchemaViolation(
  verb: "names" | "creates",
  schema: string,
  statement: CheckedStatement,
): Violation {
  const owner = statement.rules.singleSchema === undefined ? "the tenant's" : "the service's own";
  return {
    message: `the statement ${verb} the schema "${schema}", which is neither ${owner} nor shared`,
    remedy: foreignSchemaRemedy(schema, statement),
    name: schema,
  };
}

function foreignSchemaRemedy(
  schema: string,
  { kind, body, source, rules }: CheckedStatement,
): string {
  const { first } = source;
  if (schema === "public")
    return source.has(schema)
      ? "Remove the schema from the name: unqualified names resolve in the tenant schema."
      : `The service's sourceSchema is "${first}", so public is an ordinary schema. If public contains the tenant's own objects, set sourceSchema: ["${first}", "public"]. If tenants share it, list it in sharedSchemas.`;
  if (!changedObjects(kind, body).some((one) => one.schema === schema))
    return `Remove the schema from the name, or list "${schema}" in the service's sharedSchemas.`;
  const own = `If the service declares its own tables in "${schema}", set the service's sourceSchema: "${schema}".`;
  return rules.singleSchema === undefined
    ? `${own} If all tenants share it, ${ownServiceRemedy(schema)}`
    : `${own} Otherwise list it in sharedSchemas.`;
}
