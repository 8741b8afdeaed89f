import type { Session } from "../postgres/session.ts";
import { sqlstateOf } from "../postgres/sqlstate.ts";
import type { Tree } from "../sql/parser.ts";
import { overlap, type Subject } from "../sql/subjects.ts";
import { repairOf } from "./repairs.ts";

/** A statement on its way into a migration. */
export interface Move {
  /** What is written into the file, without a semicolon. */
  readonly text: string;
  /** What runs in the scratch schema. */
  readonly sql: string;
  readonly tree: Tree;
  readonly subjects: readonly Subject[];
  /** The types that it gives to columns, or casts to. */
  readonly types: readonly string[];
  /** True for one that makes again what a repair took away. */
  readonly restores?: boolean;
}

/** Which way a migration goes: what rows need, a person decides on the way up, and nobody is left to ask on the way down. */
export type Direction = "up" | "down";

/** Why a statement does not run, and what the server says. */
export interface Stuck {
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

/** What a repair may look at. */
export interface Trial {
  readonly session: Session;
  readonly schema: string;
  readonly direction: Direction;
  /** Reads SQL that a repair writes. */
  readonly read: (text: string) => Move;
  /** The statements that are still to run, in order. */
  readonly ahead: readonly Move[];
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
 * @param trial the session is in the scratch schema, and in no transaction
 */
export async function arrange(
  trial: Omit<Trial, "ahead">,
  moves: readonly Move[],
): Promise<Arranged> {
  const done: Move[] = [];
  const needs: string[] = [];
  let waiting: readonly Move[] = moves;
  for (let repairs = 0; ; ) {
    const { left, failures, ran } = await round(trial, waiting);
    done.push(...ran);
    if (left.length === 0) return { moves: done, stuck: undefined, needs };
    waiting = left;
    const byRows = new Map([...failures].filter(([, error]) => ofRows.test(stateOf(error))));
    if (ran.length > 0 && byRows.size === 0) continue;
    const toRepair = byRows.size > 0 ? byRows : failures;
    const repaired = repairs < mostRepairs && (await repair(trial, left, toRepair, needs));
    repairs += 1;
    if (repaired) waiting = repaired;
    else if (ran.length === 0) return { moves: done, stuck: firstOf(failures), needs };
  }
}

interface Round {
  readonly ran: readonly Move[];
  readonly left: readonly Move[];
  readonly failures: ReadonlyMap<Move, Error>;
}

async function round({ session }: Omit<Trial, "ahead">, moves: readonly Move[]): Promise<Round> {
  const ran: Move[] = [];
  const left: Move[] = [];
  const failures = new Map<Move, Error>();
  for (const move of moves) {
    if (left.some((one) => isAbout(one, move))) {
      left.push(move);
      continue;
    }
    const error = await failureOf(session, move.sql);
    if (error === undefined) ran.push(move);
    else {
      failures.set(move, error);
      left.push(move);
    }
  }
  return { ran, left, failures };
}

/** What the server says against a statement; undefined when it ran. */
async function failureOf(session: Session, sql: string): Promise<Error | undefined> {
  try {
    await session.query(sql);
    return undefined;
  } catch (error) {
    if (session.lost || !(error instanceof Error)) throw error;
    return error;
  }
}

/** The statements that are left, with one of them repaired; undefined when there is nothing that we know. */
async function repair(
  trial: Omit<Trial, "ahead">,
  left: readonly Move[],
  failures: ReadonlyMap<Move, Error>,
  needs: string[],
): Promise<readonly Move[] | undefined> {
  for (const [move, error] of failures) {
    const index = left.indexOf(move);
    const ahead = left.slice(index + 1);
    const replacement = await repairOf({ ...trial, ahead }, move, error);
    if (replacement === undefined) continue;
    if (replacement.need !== undefined) needs.push(replacement.need);
    const { moves, instead = [] } = replacement;
    return [...left.slice(0, index), ...moves, ...ahead.filter((one) => !instead.includes(one))];
  }
  return undefined;
}

function stateOf(error: Error): string {
  return sqlstateOf(error) ?? "";
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
