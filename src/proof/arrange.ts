import { sqlstateOf } from "../postgres/sqlstate.ts";
import type { Tree } from "../sql/parser.ts";
import { overlap } from "../sql/subjects.ts";
import { isTree, stringsOf, unwrap } from "../sql/tree.ts";
import type { DraftStatement, RepairContext } from "./draft-statement.ts";
import { emptyTables } from "./empty-tables.ts";
import { valueForNewColumn } from "./new-column-values.ts";
import { repairOf } from "./repairs.ts";

/** A statement that fails, with the server's error. */
interface Stuck {
  readonly statement: DraftStatement;
  readonly error: Error;
}

/** Statements in an order in which they ran. */
export interface Arranged {
  readonly statements: readonly DraftStatement[];
  readonly stuck: Stuck | undefined;
  /** The statements that fail for some rows, with the server's errors. */
  readonly needs: readonly string[];
}

/** SQLSTATEs for values that rows contain, and for constraints that they violate. */
const causedByRows = /^(?:22|23)/;
/** Longer than any chain of repairs seen so far; ends two repairs that undo each other. */
const mostRepairs = 60;

/**
 * Runs statements one by one, and finds an order in which they succeed: a refused statement waits until the others have
 * run, together with all later statements about the same object. Statements that fail in every order are repaired if a
 * repair is known.
 *
 * @param trial its session's search_path begins with the scratch schema
 */
export async function arrange(
  trial: Omit<RepairContext, "ahead">,
  statements: readonly DraftStatement[],
): Promise<Arranged> {
  const done: DraftStatement[] = [];
  const needs: string[] = [];
  let waiting: readonly DraftStatement[] = afterRemadeTypes(statements);
  for (let repairs = 0; ; repairs += 1) {
    const { remaining, failures, ran } = await round(trial, waiting, needs);
    done.push(...ran);
    if (remaining.length === 0)
      return { statements: done, stuck: undefined, needs: [...needs, ...addedConstraints(done)] };
    waiting = remaining;
    if (ran.length > 0) continue;
    const repaired = repairs < mostRepairs ? await repair(trial, remaining, failures) : undefined;
    if (repaired !== undefined) {
      waiting = repaired;
      continue;
    }
    const early = await outOfTurn(trial, remaining, failures);
    if (early === undefined) return { statements: done, stuck: firstOf(failures), needs };
    done.push(early);
    waiting = remaining.filter((statement) => statement !== early);
  }
}

/** Moves new columns of a type that is recreated later after the type: otherwise they would prevent dropping it. */
function afterRemadeTypes(statements: readonly DraftStatement[]): DraftStatement[] {
  const arranged: DraftStatement[] = [];
  const later = new Map<DraftStatement, DraftStatement[]>();
  for (const [index, statement] of statements.entries()) {
    const made = adds(statement)
      ? remaking(statements.slice(index + 1), statement.types)
      : undefined;
    if (made === undefined) arranged.push(statement);
    else later.set(made, [...(later.get(made) ?? []), statement]);
  }
  return arranged.flatMap((statement) => [statement, ...(later.get(statement) ?? [])]);
}

function adds({ tree }: DraftStatement): boolean {
  const [kind, body] = unwrap(tree);
  return (
    kind === "CreateStmt" ||
    (kind === "AlterTableStmt" && JSON.stringify(body).includes("AT_AddColumn"))
  );
}

/** The statement that creates one of these types again after it was dropped. */
function remaking(
  statements: readonly DraftStatement[],
  types: readonly string[],
): DraftStatement | undefined {
  const about = ({ subjects }: DraftStatement) =>
    subjects.some(({ kind, name }) => kind === "type" && types.includes(name));
  const drop = statements.findIndex(
    (statement) => unwrap(statement.tree)[0] === "DropStmt" && about(statement),
  );
  return drop < 0
    ? undefined
    : statements
        .slice(drop)
        .find((statement) => unwrap(statement.tree)[0] === "CreateEnumStmt" && about(statement));
}

interface Round {
  readonly ran: readonly DraftStatement[];
  readonly remaining: readonly DraftStatement[];
  readonly failures: ReadonlyMap<DraftStatement, Error>;
}

async function round(
  trial: Omit<RepairContext, "ahead">,
  statements: readonly DraftStatement[],
  needs: string[],
): Promise<Round> {
  const ran: DraftStatement[] = [];
  const remaining: DraftStatement[] = [];
  const failures = new Map<DraftStatement, Error>();
  for (const statement of statements) {
    if (remaining.some((one) => isAbout(one, statement))) {
      remaining.push(statement);
      continue;
    }
    const error = await failureOf(trial, statement.sql);
    const instead =
      error === undefined ? [statement] : await despiteRows(trial, statement, error, needs);
    if (error === undefined || instead !== undefined) ran.push(...(instead ?? []));
    else {
      failures.set(statement, error);
      remaining.push(statement);
    }
  }
  return { ran, remaining, failures };
}

/**
 * Runs a statement that failed because of rows: with a value for a new column, or after emptying the tables.
 *
 * @returns the statements that ran instead; undefined if rows are not the cause
 */
async function despiteRows(
  trial: Omit<RepairContext, "ahead">,
  statement: DraftStatement,
  error: Error,
  needs: string[],
): Promise<readonly DraftStatement[] | undefined> {
  if (!causedByRows.test(sqlstateOf(error) ?? "")) return undefined;
  const filled = await valueForNewColumn(trial, statement, error);
  for (const one of filled ?? []) {
    const failed = await failureOf(trial, one.sql);
    if (failed !== undefined) throw failed;
  }
  if (filled !== undefined) return filled;
  if (!(await emptyTables(trial.session, trial.schema))) return undefined;
  if ((await failureOf(trial, statement.sql)) !== undefined) return undefined;
  needs.push(`${error.message}: ${statement.text}`);
  return [statement];
}

/** Runs a statement; returns the server's error if it fails. */
async function failureOf(
  { session, together }: Omit<RepairContext, "ahead">,
  sql: string,
): Promise<Error | undefined> {
  try {
    if (together) await session.query("SAVEPOINT attempt");
    await session.query(sql);
    if (together) await session.query("RELEASE attempt");
    return undefined;
  } catch (error) {
    if (session.lost || !(error instanceof Error)) throw error;
    if (together) await session.query("ROLLBACK TO attempt");
    return error;
  }
}

/** The waiting statements with one of them repaired; undefined if no repair is known. */
async function repair(
  trial: Omit<RepairContext, "ahead">,
  remaining: readonly DraftStatement[],
  failures: ReadonlyMap<DraftStatement, Error>,
): Promise<readonly DraftStatement[] | undefined> {
  for (const [statement, error] of failures) {
    const index = remaining.indexOf(statement);
    const ahead = remaining.slice(index + 1);
    const replacement = await repairOf({ ...trial, ahead }, statement, error);
    if (replacement === undefined) continue;
    const { statements, instead = [] } = replacement;
    return [
      ...remaining.slice(0, index),
      ...statements,
      ...ahead.filter((one) => !instead.includes(one)),
    ];
  }
  return undefined;
}

/**
 * New constraints on existing columns: the proof's rows satisfy them, a tenant's rows may not. Restored constraints and
 * foreign keys of new columns are left out.
 */
function addedConstraints(statements: readonly DraftStatement[]): string[] {
  return statements.flatMap((statement, index) => {
    const [subject] = statement.subjects;
    const added = constraintIn(statement.tree);
    if (added === undefined || subject === undefined || statement.restores === true) return [];
    const earlier = statements.slice(0, index);
    const isMade = earlier.some(
      ({ tree, subjects }) =>
        unwrap(tree)[0] === "CreateStmt" && subjects.some((one) => overlap(one, subject)),
    );
    const isBack = earlier.some((one) => isAbout(one, statement));
    const isOfNew = added.columns.some((name) =>
      earlier.some(
        (one) =>
          adds(one) && one.subjects.some((own) => own.table === subject.table && own.name === name),
      ),
    );
    return isMade || isBack || isOfNew
      ? []
      : [`every row must satisfy this constraint: ${statement.text}`];
  });
}

/** The foreign key or check that an ALTER TABLE adds, with the columns of the foreign key. */
function constraintIn(tree: Tree): { readonly columns: readonly string[] } | undefined {
  const [kind, body] = unwrap(tree);
  if (kind !== "AlterTableStmt" || !Array.isArray(body.cmds)) return undefined;
  for (const item of body.cmds as unknown[]) {
    const command = isTree(item) && isTree(item.AlterTableCmd) ? item.AlterTableCmd : {};
    const definition = isTree(command.def) ? unwrap(command.def)[1] : {};
    const isRule = ["CONSTR_FOREIGN", "CONSTR_CHECK"].includes(String(definition.contype));
    if (command.subtype === "AT_AddConstraint" && isRule)
      return { columns: stringsOf(definition.fk_attrs) ?? [] };
  }
  return undefined;
}

/** The last resort: runs a statement before an earlier one about the same object. */
async function outOfTurn(
  trial: Omit<RepairContext, "ahead">,
  remaining: readonly DraftStatement[],
  failures: ReadonlyMap<DraftStatement, Error>,
): Promise<DraftStatement | undefined> {
  for (const statement of remaining)
    if (!failures.has(statement) && (await failureOf(trial, statement.sql)) === undefined)
      return statement;
  return undefined;
}

/** True if the later statement must wait for the earlier one: both change the same object, or it uses the other's type. */
function isAbout(earlier: DraftStatement, later: DraftStatement): boolean {
  return earlier.subjects.some(
    (one) =>
      later.subjects.some((other) => overlap(one, other)) ||
      (one.kind === "type" && later.types.includes(one.name)),
  );
}

function firstOf(failures: ReadonlyMap<DraftStatement, Error>): Stuck | undefined {
  const [first] = failures;
  return first && { statement: first[0], error: first[1] };
}
