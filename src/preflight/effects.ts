import type { LockMode } from "../lint/trace.ts";
import type { Tree } from "../sql/parser.ts";
import { isTree, stringsOf, walk } from "../sql/tree.ts";
import { constraintsOf } from "./changes.ts";
import { droppedBy } from "./names.ts";
import {
  keyOf,
  type PendingStatement,
  type Relation,
  relationOf,
  type TableCommand,
} from "./statement.ts";

/**
 * What a statement does to the rows of a table while it holds its lock: nothing, read all of them, build an index of them,
 * write the table anew, or write some of the rows.
 */
export type Work = "instant" | "scan" | "index" | "rewrite" | "rows";

/** What a statement does to a table that exists before it. */
export interface Effect {
  readonly table: Relation;
  readonly mode: LockMode;
  readonly work: Work;
}

/**
 * What a statement locks, and what it does meanwhile, by its parse tree. Source: PostgreSQL's documentation of ALTER TABLE
 * and "Explicit Locking". A trace would need a server for scratch schemas, which production does not have.
 */
export function effectsOf(pending: PendingStatement): Effect[] {
  const { kind, body, statement } = pending;
  const on = (node: unknown, mode: LockMode, work: Work = "instant"): Effect[] => {
    const table = relationOf(node);
    return table === undefined ? [] : [{ table, mode, work }];
  };
  switch (kind) {
    case "AlterTableStmt":
      return tableEffects(pending);
    case "IndexStmt":
      return on(body.relation, indexLock(statement), "index");
    case "DropStmt":
      return dropEffects(pending);
    case "RenameStmt":
    case "AlterObjectSchemaStmt":
    case "RuleStmt":
      return on(body.relation, "AccessExclusiveLock");
    case "CreatePolicyStmt":
    case "AlterPolicyStmt":
      return on(body.table, "AccessExclusiveLock");
    case "CreateTrigStmt":
      return on(body.relation, "ShareRowExclusiveLock");
    case "CreateStmt":
      return parentsIn(body);
    case "TruncateStmt":
      return (Array.isArray(body.relations) ? body.relations : []).flatMap((one: unknown) =>
        on(isTree(one) ? one.RangeVar : undefined, "AccessExclusiveLock"),
      );
    case "InsertStmt":
    case "UpdateStmt":
    case "DeleteStmt":
    case "MergeStmt":
      return on(body.relation, "RowExclusiveLock", "rows");
    default:
      return [];
  }
}

function indexLock({ concurrently }: PendingStatement["statement"]): LockMode {
  return concurrently === undefined ? "ShareLock" : "ShareUpdateExclusiveLock";
}

function dropEffects(pending: PendingStatement): Effect[] {
  return droppedBy(pending).flatMap(({ kind, relation: table }): Effect[] =>
    kind === "relation" ? [{ table, mode: "AccessExclusiveLock", work: "instant" }] : [],
  );
}

/** The tables that a new table refers to. */
function parentsIn(body: Tree): Effect[] {
  const found: Effect[] = [];
  walk(body, (node, key) => {
    const parent = key === "Constraint" ? relationOf(node.pktable) : undefined;
    if (parent !== undefined)
      found.push({ table: parent, mode: "ShareRowExclusiveLock", work: "instant" });
  });
  return found;
}

function tableEffects(pending: PendingStatement): Effect[] {
  const table = relationOf(pending.body.relation);
  if (table === undefined) return [];
  return pending.commands.flatMap((command) => [
    { table, ...effectOf(command) },
    ...parentsIn({ command: { Constraint: command.definition }, definition: command.definition }),
  ]);
}

function effectOf({ subtype, definition }: TableCommand): Omit<Effect, "table"> {
  switch (subtype) {
    case "AT_AlterColumnType":
    case "AT_SetLogged":
    case "AT_SetUnLogged":
    case "AT_SetAccessMethod":
      return { mode: "AccessExclusiveLock", work: "rewrite" };
    case "AT_AddColumn":
      return { mode: "AccessExclusiveLock", work: workOfColumn(definition) };
    case "AT_SetNotNull":
      return { mode: "AccessExclusiveLock", work: "scan" };
    case "AT_AddConstraint":
      return effectOfConstraint(definition);
    case "AT_ValidateConstraint":
      return { mode: "ShareUpdateExclusiveLock", work: "scan" };
    case "AT_SetStatistics":
    case "AT_SetRelOptions":
    case "AT_ResetRelOptions":
    case "AT_ClusterOn":
      return { mode: "ShareUpdateExclusiveLock", work: "instant" };
    case "AT_EnableTrig":
    case "AT_DisableTrig":
      return { mode: "ShareRowExclusiveLock", work: "instant" };
    default:
      return { mode: "AccessExclusiveLock", work: "instant" };
  }
}

function effectOfConstraint(definition: Tree): Omit<Effect, "table"> {
  const isChecked = definition.skip_validation !== true;
  switch (definition.contype) {
    case "CONSTR_FOREIGN":
      return { mode: "ShareRowExclusiveLock", work: isChecked ? "scan" : "instant" };
    case "CONSTR_UNIQUE":
    case "CONSTR_PRIMARY":
    case "CONSTR_EXCLUSION":
      return {
        mode: "AccessExclusiveLock",
        work: definition.indexname === undefined ? "index" : "instant",
      };
    default:
      return { mode: "AccessExclusiveLock", work: isChecked ? "scan" : "instant" };
  }
}

/** Functions whose value is the same in all rows of a statement. */
const stable = new Set(["now", "transaction_timestamp", "statement_timestamp", "current_setting"]);

function workOfColumn(definition: Tree): Work {
  const constraints = constraintsOf(definition);
  const has = (type: string) => constraints.some(({ contype }) => contype === type);
  const type = isTree(definition.typeName) ? stringsOf(definition.typeName.names)?.at(-1) : "";
  let isVolatile = false;
  walk(constraints, (node, key) => {
    if (key === "FuncCall") isVolatile ||= !stable.has(stringsOf(node.funcname)?.at(-1) ?? "");
  });
  const isSerial = /serial/.test(type ?? "");
  if (isVolatile || isSerial || has("CONSTR_IDENTITY") || has("CONSTR_GENERATED")) return "rewrite";
  if (has("CONSTR_UNIQUE") || has("CONSTR_PRIMARY")) return "index";
  return has("CONSTR_CHECK") ? "scan" : "instant";
}

const weakToStrong: readonly LockMode[] = [
  ...(["AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock"] as const),
  ...(["ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"] as const),
];

/** The modes that conflict with each mode, as letters: the first is `AccessShareLock`. Source: "Explicit Locking". */
const conflicts = ["h", "gh", "efgh", "defgh", "cdfgh", "cdefgh", "bcdefgh", "abcdefgh"];

/** The modes that other sessions hold while this one has to wait. */
export function conflictingModes(mode: LockMode): LockMode[] {
  const letters = conflicts[weakToStrong.indexOf(mode)] ?? "";
  return weakToStrong.filter((_, index) => letters.includes("abcdefgh".charAt(index)));
}

/** True if other sessions cannot write to the table. */
export function blocksWrites(mode: LockMode): boolean {
  return conflictingModes(mode).includes("RowExclusiveLock");
}

/** The tables that some statements touch, with the strongest lock on each. */
export function lockedTables(statements: readonly PendingStatement[]): Map<string, Effect> {
  const found = new Map<string, Effect>();
  for (const effect of statements.flatMap(effectsOf)) {
    const known = found.get(keyOf(effect.table));
    if (known === undefined || weakToStrong.indexOf(effect.mode) > weakToStrong.indexOf(known.mode))
      found.set(keyOf(effect.table), effect);
  }
  return found;
}
