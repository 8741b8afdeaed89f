import { isPlaceholder } from "./literals.ts";
import type { Tree } from "./parser.ts";
import { namesOfTree } from "./references.ts";
import { isTree, optionOf, unwrap, walk } from "./tree.ts";

/** Why a statement may not run for a tenant. */
export interface Violation {
  readonly message: string;
  readonly remedy: string;
  /** The name to point the caret at, if the statement spells it. */
  readonly name?: string;
}

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
  CreateSchemaStmt:
    "The runner creates the tenant schema itself; other schemas are made once per database.",
  CopyStmt: "A migration has no data stream; write INSERT statements.",
};

const settingsOfTheRunner = new Set(["search_path", "role", "session_authorization"]);
const systemSchemas = new Set(["pg_catalog", "information_schema", "pg_temp"]);

/**
 * Says whether a tenant-neutral statement can leave its tenant.
 *
 * @param tree the statement with the placeholder for the tenant schema
 * @param allowance schemas that the configuration allows beside the tenant's own
 */
export function violationOf(
  tree: Tree,
  allowance: {
    readonly sharedSchemas: readonly string[];
    readonly extensionSchema?: string | undefined;
  },
): Violation | undefined {
  const [kind, body] = unwrap(tree);
  if (!tenantKinds.has(kind) || !worksOnTenantObjects(kind, body)) {
    return {
      message: `${kind.replace(/Stmt$/, "")} reaches beyond one tenant's schema`,
      remedy:
        remedies[kind] ?? "Run it once per database by other means, not in a tenant's migration.",
    };
  }
  const { sharedSchemas, extensionSchema } = allowance;
  const allowed = [...sharedSchemas, ...(extensionSchema === undefined ? [] : [extensionSchema])];
  return (
    wholeDatabaseViolation(kind, body) ??
    catalogViolation(kind, body) ??
    transactionViolation(kind, body) ??
    settingViolation(kind, body, tree) ??
    schemaViolation(kind, body, tree, allowed)
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

/** Rows of the system catalogs are everybody's, and pg_settings is another way to SET. */
function catalogViolation(kind: string, body: Tree): Violation | undefined {
  if (!/^(Insert|Update|Delete|Merge)Stmt$/.test(kind) || !isTree(body.relation)) return undefined;
  const { relname, schemaname } = body.relation;
  const isCatalog =
    schemaname === "pg_catalog" || (schemaname === undefined && /^pg_/.test(String(relname)));
  if (!isCatalog) return undefined;
  return {
    message: `the statement writes to the system catalog ${String(relname)}`,
    remedy: "Write the DDL statement that changes it.",
    name: String(relname),
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

function settingViolation(kind: string, body: Tree, tree: Tree): Violation | undefined {
  const set = [
    ...(kind === "VariableSetStmt" ? [settingOf(body)] : []),
    ...(kind === "CreateFunctionStmt" || kind === "AlterFunctionStmt" ? optionsOf(body) : []),
    ...namesOfTree(tree).settings,
  ];
  // A setting whose name is computed could be any.
  const forbidden = set.find(
    (setting) => setting === undefined || settingsOfTheRunner.has(setting),
  );
  if (forbidden === undefined && !set.includes(undefined)) return undefined;
  const name = forbidden ?? "search_path";
  return {
    message: `${name} is set by the runner: it is what keeps a migration inside its tenant`,
    remedy: "Remove the statement; names without a schema already resolve in the tenant schema.",
    name: forbidden ?? "set_config",
  };
}

/** A function may have a search_path of its own, whose schemas are checked; another role it may not. */
function optionsOf(body: Tree): string[] {
  const found: string[] = [];
  walk(body, (node, key) => {
    if (key === "VariableSetStmt" && settingOf(node) !== "search_path") found.push(settingOf(node));
  });
  return found;
}

function settingOf(node: Tree): string {
  return node.kind === "VAR_RESET_ALL" ? "search_path" : String(node.name).toLowerCase();
}

function schemaViolation(
  kind: string,
  body: Tree,
  tree: Tree,
  allowed: readonly string[],
): Violation | undefined {
  for (const schema of namesOfTree(tree).schemas) {
    if (isPlaceholder(schema) || systemSchemas.has(schema) || allowed.includes(schema)) continue;
    return {
      message: `the statement names the schema "${schema}", which is neither the tenant's nor shared`,
      remedy:
        schema === "public"
          ? "Write the name without its schema; it resolves in the tenant schema."
          : `Write the name without its schema, or list "${schema}" under sharedSchemas of the service.`,
      name: schema,
    };
  }
  // Dropping or renaming the tenant schema, or moving out of it, is no migration of what is in it.
  const ofSchema = [body.removeType, body.renameType].includes("OBJECT_SCHEMA");
  if (!ofSchema && !(kind === "AlterObjectSchemaStmt" && !isPlaceholder(String(body.newschema))))
    return undefined;
  return {
    message: "the statement works on a schema as a whole",
    remedy: "The runner creates and keeps the tenant schema; remove the statement.",
  };
}
