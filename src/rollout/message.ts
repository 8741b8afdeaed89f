import type { Segment, Statement } from "../core/migration.ts";
import type { Channel } from "../postgres/channel.ts";
import { ScriptError } from "../postgres/script.ts";
import { nothingDeferred, slateFor } from "./guard.ts";

/** What a message was at: preparing the schema, the migration's own statements with their commit, or the ledger. */
export type Part = "guard" | "migration" | "ledger";

/** Why a step stopped, at which of the migration's statements if at one, and what is committed all the same. */
export class StepError extends Error {
  override readonly name = "StepError";
  override readonly cause: unknown;
  readonly statement: Statement | undefined;
  /** How many lines into the statement PostgreSQL's complaint is, if it said. */
  readonly lines: number;
  /** How many of the migration's statements are committed. */
  readonly committed: number;
  readonly part: Part;

  constructor(
    cause: unknown,
    committed: number,
    statement?: Statement,
    lines = 0,
    part: Part = "migration",
  ) {
    super(cause instanceof Error ? cause.message : String(cause));
    this.cause = cause;
    this.committed = committed;
    this.statement = statement;
    this.lines = lines;
    this.part = part;
  }
}

/** The user wants what runs to end at once. */
export class CancelledError extends Error {
  override readonly name = "CancelledError";
}

/** Between two messages there is nothing to cancel: the step ends here. */
export function stopIfCancelled(cancel: AbortSignal | undefined, segment: Segment): void {
  if (cancel?.aborted !== true) return;
  throw new StepError(new CancelledError("cancelled before it was complete"), segment.start);
}

/** What travels together: what comes before a segment's statements, their texts, and what comes after. */
export interface Message {
  readonly before?: readonly string[];
  readonly own?: readonly string[];
  readonly after?: readonly string[];
  /** How long the answer may take, in milliseconds; without it as for the tool's own queries. */
  readonly withinMs?: number;
}

/** A statement may end in a line comment: the semicolon goes on a line of its own. */
const separator = "\n;\n";

/**
 * Sends one simple-protocol message for a segment.
 *
 * @throws StepError that names the statement; the session is out of its transaction then, or closed
 */
export async function send(session: Channel, segment: Segment, message: Message): Promise<void> {
  const { before = [], own = [], after = [], withinMs } = message;
  const parts = [...before, ...own, ...after];
  try {
    const text = parts.length === 1 ? (parts[0] ?? "") : parts.join(separator) + separator;
    await session.script(text, withinMs);
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    // A pooled backend goes to somebody else now: what outlives a transaction must not go along.
    await tidy(session, ["ROLLBACK", ...(session.pooled ? slateFor(session) : [])].join(";\n"));
    const { part, lines } = placeOf(parts, error);
    const place = part - before.length;
    const statement = place < own.length ? segment.statements[place] : undefined;
    const kind = place < 0 ? "guard" : place < own.length ? "migration" : partAfter(parts[part]);
    throw new StepError(error.cause, segment.start, statement, lines, kind);
  }
}

/** What the migration has deferred is checked after it. */
function partAfter(sql: string | undefined): Part {
  return sql === nothingDeferred || sql === "COMMIT" ? "migration" : "ledger";
}

/** A session that cannot be tidied up is closed: the server then ends its transaction and frees its locks. */
export async function tidy(session: Channel, sql: string): Promise<void> {
  if (session.lost) return;
  await session.script(sql).catch(() => session.close());
}

/**
 * Which part of a message PostgreSQL complains about, and how many lines into it. It gives a position over the
 * whole message, counted in characters (code points) from 1; or, inside a DO block, a line of the block; or
 * nothing, and then it is the part behind those that completed.
 */
function placeOf(
  parts: readonly string[],
  { cause, completed }: ScriptError,
): { part: number; lines: number } {
  const position = "position" in cause ? Number(cause.position) : Number.NaN;
  if (!Number.isNaN(position)) return placeOfCharacter(parts, position - 1);
  const where = "where" in cause ? String(cause.where) : "";
  const line = /inline_code_block line (\d+)/.exec(where)?.[1];
  const text = parts[completed] ?? "";
  // The block's own first line is the one that its opening quote stands on.
  const lines =
    line === undefined ? 0 : newlines(text.slice(0, text.search(/[$']/))) + Number(line) - 1;
  return { part: completed, lines };
}

function placeOfCharacter(
  parts: readonly string[],
  character: number,
): { part: number; lines: number } {
  let rest = character;
  for (const [part, text] of parts.entries()) {
    const characters = [...text];
    if (rest < characters.length + separator.length) {
      return { part, lines: newlines(characters.slice(0, rest).join("")) };
    }
    rest -= characters.length + separator.length;
  }
  return { part: parts.length, lines: 0 };
}

function newlines(text: string): number {
  return text.split("\n").length - 1;
}
