import { isPlaceholder } from "./literals.ts";
import type { Tree } from "./parser.ts";
import { schemasNamed } from "./references.ts";
import { isTree, namesOf, unwrap, walk } from "./tree.ts";

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

const remedies: Readonly<Record<string, string>> = {
  CreateExtensionStmt:
    "An extension belongs to the whole database: create it once, outside the tenants' migrations.",
  CreateSchemaStmt: "The runner creates the tenant schema itself; remove the statement.",
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
  if (!tenantKinds.has(kind)) {
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
    transactionViolation(kind, body) ??
    settingViolation(kind, body, tree) ??
    schemaViolation(kind, body, tree, allowed)
  );
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
  let setting = kind === "VariableSetStmt" ? settingOf(body) : undefined;
  walk(tree, (node, key) => {
    const isConfiguration = key === "FuncCall" && namesOf(node.funcname)?.at(-1) === "set_config";
    if (isConfiguration) setting ??= configuredSetting(node);
  });
  if (setting === undefined || !settingsOfTheRunner.has(setting)) return undefined;
  return {
    message: `${setting} is set by the runner: it is what keeps a migration inside its tenant`,
    remedy: "Remove the statement; names without a schema already resolve in the tenant schema.",
    name: setting,
  };
}

function settingOf(node: Tree): string {
  return node.kind === "VAR_RESET_ALL" ? "search_path" : String(node.name).toLowerCase();
}

/** The first argument of set_config(); one that is computed could be any setting. */
function configuredSetting(node: Tree): string {
  const [first] = Array.isArray(node.args) ? node.args : [];
  const constant = isTree(first) && isTree(first.A_Const) ? first.A_Const.sval : undefined;
  return isTree(constant) ? String(constant.sval).toLowerCase() : "search_path";
}

function schemaViolation(
  kind: string,
  body: Tree,
  tree: Tree,
  allowed: readonly string[],
): Violation | undefined {
  for (const schema of schemasNamed(tree)) {
    if (isPlaceholder(schema) || systemSchemas.has(schema) || allowed.includes(schema)) continue;
    return {
      message: `the statement names the schema "${schema}", which is neither the tenant's nor shared`,
      remedy: `Write the name without its schema, or list "${schema}" under sharedSchemas of the service.`,
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
