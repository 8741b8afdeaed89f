import type { Statement } from "../core/migration.ts";
import type { MigrationScript } from "../rollout/step-run.ts";
import { isTree, walk } from "../sql/tree.ts";
import {
  type Asserted,
  type Assertion,
  type Assertions,
  isAssertion,
  notAsserted,
} from "./assertion.ts";
import { constraintKey, PendingChanges } from "./changes.ts";
import {
  assertAddedColumn,
  assertCheck,
  assertForeignKey,
  assertKey,
  assertNotNull,
  type Subject,
} from "./constraints.ts";
import { PendingStatement, relationOf, type TableCommand } from "./statement.ts";
import { assertType } from "./types.ts";
import { assertIndex } from "./unique-index.ts";

/** The statements that one target has not applied, in order. */
export function pendingStatements(
  scripts: readonly { readonly script: MigrationScript; readonly resumeAt: number }[],
): PendingStatement[] {
  return scripts.flatMap(({ script: { migration, statements }, resumeAt }) =>
    statements.slice(resumeAt).map((statement) => new PendingStatement(migration, statement)),
  );
}

/**
 * What must be true of a target's rows for its pending statements to succeed. An assertion is only made where no earlier
 * pending statement changes the rows that it is about. `loadParser()` must have been awaited.
 *
 * @param own the users' own assertions, by the statement that they are before
 */
export function assertionsOf(
  statements: readonly PendingStatement[],
  own: ReadonlyMap<Statement, readonly Assertion[]>,
): Assertions {
  const changes = new PendingChanges();
  const found = statements.flatMap((pending) => {
    const asserted = [
      ...(own.get(pending.statement) ?? []).map((one) => stillTrue(one, pending, changes)),
      ...assertStatement(pending, changes),
    ];
    changes.note(pending);
    return asserted.flatMap((one) => one ?? []);
  });
  return {
    assertions: found.filter(isAssertion),
    unchecked: found.flatMap((one) => (isAssertion(one) ? [] : one)),
  };
}

function assertStatement(pending: PendingStatement, changes: PendingChanges): Asserted[] {
  const { kind, body } = pending;
  if (kind === "AlterTableStmt") return assertCommands(pending, changes);
  if (kind === "IndexStmt" && body.unique === true) return [assertIndex(pending, changes)];
  if (opaque.has(kind))
    return [notAsserted(pending, "what it does to rows is not known beforehand")];
  return [];
}

/** Statements that can fail for a reason that no assertion knows. An empty kind is a text of several statements. */
const opaque = new Set([
  "DoStmt",
  "CallStmt",
  "InsertStmt",
  "UpdateStmt",
  "DeleteStmt",
  "MergeStmt",
  "",
]);

function assertCommands(pending: PendingStatement, changes: PendingChanges): Asserted[] {
  const table = relationOf(pending.body.relation);
  if (table === undefined || pending.body.objtype !== "OBJECT_TABLE") return [];
  return pending.commands.flatMap((command) => {
    const asserted = assertCommand({ pending, table, changes }, command);
    changes.noteCommand(pending, table, command);
    return asserted;
  });
}

function assertCommand(subject: Subject, command: TableCommand): Asserted[] {
  const { pending, table, changes } = subject;
  switch (command.subtype) {
    case "AT_SetNotNull":
      return [assertNotNull(subject, command.name)];
    case "AT_AddColumn":
      return assertAddedColumn(subject, command);
    case "AT_AlterColumnType":
      return [assertType(subject, command)];
    case "AT_AddConstraint":
      return command.definition.skip_validation === true ? [] : assertConstraint(subject, command);
    case "AT_ValidateConstraint": {
      const added = changes.unvalidated.get(constraintKey(table, command.name));
      return added === undefined
        ? [notAsserted(pending, `constraint ${command.name} was added by an earlier migration`)]
        : assertConstraint({ ...subject, source: added.pending }, added.command);
    }
    case "AT_AttachPartition":
      return [notAsserted(pending, "ATTACH PARTITION checks the rows of the partition")];
    default:
      return [];
  }
}

function assertConstraint(subject: Subject, command: TableCommand): Asserted[] {
  switch (command.definition.contype) {
    case "CONSTR_CHECK":
      return [assertCheck(subject, command)];
    case "CONSTR_FOREIGN":
      return [assertForeignKey(subject, command.definition)];
    case "CONSTR_UNIQUE":
      return [assertKey(subject, command.definition)];
    case "CONSTR_PRIMARY":
      return [assertKey(subject, command.definition), ...primaryKeyNulls(subject, command)];
    case "CONSTR_NOTNULL":
      return namesIn(command.definition.keys).map((column) => assertNotNull(subject, column));
    case "CONSTR_EXCLUSION":
      return [notAsserted(subject.pending, "EXCLUDE compares all rows with each other")];
    default:
      return [];
  }
}

function primaryKeyNulls(subject: Subject, { definition }: TableCommand): Asserted[] {
  return namesIn(definition.keys).map((column) => assertNotNull(subject, column));
}

function namesIn(list: unknown): string[] {
  return (Array.isArray(list) ? list : []).flatMap((one: unknown) =>
    isTree(one) && isTree(one.String) ? String(one.String.sval) : [],
  );
}

/** A user's assertion is about rows as they are before its statement. */
function stillTrue(one: Assertion, pending: PendingStatement, changes: PendingChanges): Asserted {
  const query = new PendingStatement(
    { ...one.place, checksum: "", text: "", downFile: "" },
    { ...pending.statement, sql: one.query },
  );
  let reason: string | undefined;
  walk(query.body, (node, key) => {
    if (key !== "RangeVar") return;
    const table = relationOf(node);
    const changed = table === undefined ? undefined : changes.whyChanged(table);
    reason ??= changed;
  });
  return reason === undefined ? one : notAsserted({ place: one.place }, reason);
}
