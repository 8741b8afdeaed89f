import { sqlstateOf } from "../postgres/sqlstate.ts";
import type { Tree } from "../sql/parser.ts";
import { overlap } from "../sql/subjects.ts";
import { isTree, stringsOf, unwrap } from "../sql/tree.ts";
import type { Move, Trial } from "./move.ts";
import { emptyTables, repairOf, valueForNewColumn } from "./repairs.ts";

/** Why a statement does not run, and what the server says. */
interface Stuck {
  readonly move: Move;
  readonly error: Error;
}

export interface Arranged {
  /** The statements in an order in which they ran. */
  readonly moves: readonly Move[];
  readonly stuck: Stuck | undefined;
  /** What fails where rows do not allow it, in the server's words. */
  readonly needs: readonly string[];
}

/** Errors of values that are in the rows, and of constraints that they break. */
const ofRows = /^(?:22|23)/;
/** Longer than any chain of repairs that was seen; two repairs that undo each other must not go on for ever. */
const mostRepairs = 60;

/**
 * Runs statements one by one and finds an order in which they run: one that the server refuses waits until the others
 * have gone, together with all later statements about the same object. What fails in any order is repaired where we
 * know how.
 *
 * @param trial the session's search_path begins with the scratch schema
 */
export async function arrange(
  trial: Omit<Trial, "ahead">,
  moves: readonly Move[],
): Promise<Arranged> {
  const done: Move[] = [];
  const needs: string[] = [];
  let waiting: readonly Move[] = afterRemadeTypes(moves);
  for (let repairs = 0; ; repairs += 1) {
    const { left, failures, ran } = await round(trial, waiting, needs);
    done.push(...ran);
    if (left.length === 0)
      return { moves: done, stuck: undefined, needs: [...needs, ...promises(done)] };
    waiting = left;
    if (ran.length > 0) continue;
    const repaired = repairs < mostRepairs ? await repair(trial, left, failures) : undefined;
    if (repaired !== undefined) {
      waiting = repaired;
      continue;
    }
    const early = await outOfTurn(trial, left, failures);
    if (early === undefined) return { moves: done, stuck: firstOf(failures), needs };
    done.push(early);
    waiting = left.filter((move) => move !== early);
  }
}

/** A new column of a type that is made anew later would stand in its way: it comes after the type. */
function afterRemadeTypes(moves: readonly Move[]): Move[] {
  const arranged: Move[] = [];
  const later = new Map<Move, Move[]>();
  for (const [index, move] of moves.entries()) {
    const made = adds(move) ? remaking(moves.slice(index + 1), move.types) : undefined;
    if (made === undefined) arranged.push(move);
    else later.set(made, [...(later.get(made) ?? []), move]);
  }
  return arranged.flatMap((move) => [move, ...(later.get(move) ?? [])]);
}

function adds({ tree }: Move): boolean {
  const [kind, body] = unwrap(tree);
  return (
    kind === "CreateStmt" ||
    (kind === "AlterTableStmt" && JSON.stringify(body).includes("AT_AddColumn"))
  );
}

/** The statement that makes one of these types again after it was dropped. */
function remaking(moves: readonly Move[], types: readonly string[]): Move | undefined {
  const about = ({ subjects }: Move) =>
    subjects.some(({ kind, name }) => kind === "type" && types.includes(name));
  const drop = moves.findIndex((move) => unwrap(move.tree)[0] === "DropStmt" && about(move));
  return drop < 0
    ? undefined
    : moves.slice(drop).find((move) => unwrap(move.tree)[0] === "CreateEnumStmt" && about(move));
}

interface Round {
  readonly ran: readonly Move[];
  readonly left: readonly Move[];
  readonly failures: ReadonlyMap<Move, Error>;
}

async function round(
  trial: Omit<Trial, "ahead">,
  moves: readonly Move[],
  needs: string[],
): Promise<Round> {
  const ran: Move[] = [];
  const left: Move[] = [];
  const failures = new Map<Move, Error>();
  for (const move of moves) {
    if (left.some((one) => isAbout(one, move))) {
      left.push(move);
      continue;
    }
    const error = await failureOf(trial, move.sql);
    const instead = error === undefined ? [move] : await despiteRows(trial, move, error, needs);
    if (error === undefined || instead !== undefined) ran.push(...(instead ?? []));
    else {
      failures.set(move, error);
      left.push(move);
    }
  }
  return { ran, left, failures };
}

/**
 * Deals with rows that are in a statement's way, before any later statement runs.
 *
 * @returns what ran in the statement's place; undefined where rows have no part in it
 */
async function despiteRows(
  trial: Omit<Trial, "ahead">,
  move: Move,
  error: Error,
  needs: string[],
): Promise<readonly Move[] | undefined> {
  if (!ofRows.test(sqlstateOf(error) ?? "")) return undefined;
  const filled = await valueForNewColumn(trial, move, error);
  for (const one of filled ?? []) {
    const failed = await failureOf(trial, one.sql);
    if (failed !== undefined) throw failed;
  }
  if (filled !== undefined) return filled;
  if (!(await emptyTables(trial.session, trial.schema))) return undefined;
  if ((await failureOf(trial, move.sql)) !== undefined) return undefined;
  needs.push(`${error.message}: ${move.text}`);
  return [move];
}

/** What the server says against a statement; undefined when it ran. */
async function failureOf(
  { session, together }: Omit<Trial, "ahead">,
  sql: string,
): Promise<Error | undefined> {
  try {
    if (together) await session.query("SAVEPOINT move");
    await session.query(sql);
    if (together) await session.query("RELEASE move");
    return undefined;
  } catch (error) {
    if (session.lost || !(error instanceof Error)) throw error;
    if (together) await session.query("ROLLBACK TO move");
    return error;
  }
}

/** The statements that are left, with one of them repaired; undefined when there is nothing that we know. */
async function repair(
  trial: Omit<Trial, "ahead">,
  left: readonly Move[],
  failures: ReadonlyMap<Move, Error>,
): Promise<readonly Move[] | undefined> {
  for (const [move, error] of failures) {
    const index = left.indexOf(move);
    const ahead = left.slice(index + 1);
    const replacement = await repairOf({ ...trial, ahead }, move, error);
    if (replacement === undefined) continue;
    const { moves, instead = [] } = replacement;
    return [...left.slice(0, index), ...moves, ...ahead.filter((one) => !instead.includes(one))];
  }
  return undefined;
}

/**
 * Constraints on what tables held before: that the proof's rows kept them says nothing of a tenant's. Not those that
 * were there before, and not foreign keys of columns that are new.
 */
function promises(moves: readonly Move[]): string[] {
  return moves.flatMap((move, index) => {
    const [subject] = move.subjects;
    const added = constraintIn(move.tree);
    if (added === undefined || subject === undefined || move.restores === true) return [];
    const earlier = moves.slice(0, index);
    const isMade = earlier.some(
      ({ tree, subjects }) =>
        unwrap(tree)[0] === "CreateStmt" && subjects.some((one) => overlap(one, subject)),
    );
    const isBack = earlier.some((one) => isAbout(one, move));
    const isOfNew = added.columns.some((name) =>
      earlier.some(
        (one) =>
          adds(one) && one.subjects.some((own) => own.table === subject.table && own.name === name),
      ),
    );
    return isMade || isBack || isOfNew ? [] : [`every row must keep it: ${move.text}`];
  });
}

/** The foreign key or the check that an ALTER TABLE adds, with the columns of the key. */
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

/** The last resort: one that only waits for an earlier statement about the same object, and runs before it. */
async function outOfTurn(
  trial: Omit<Trial, "ahead">,
  left: readonly Move[],
  failures: ReadonlyMap<Move, Error>,
): Promise<Move | undefined> {
  for (const move of left)
    if (!failures.has(move) && (await failureOf(trial, move.sql)) === undefined) return move;
  return undefined;
}

/** True when the later one must not run before the earlier one: both change one object, or it uses the other's type. */
function isAbout(earlier: Move, later: Move): boolean {
  return earlier.subjects.some(
    (one) =>
      later.subjects.some((other) => overlap(one, other)) ||
      (one.kind === "type" && later.types.includes(one.name)),
  );
}

function firstOf(failures: ReadonlyMap<Move, Error>): Stuck | undefined {
  const [first] = failures;
  return first && { move: first[0], error: first[1] };
}
