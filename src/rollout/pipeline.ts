import type { BatchPosition } from "../core/batch.ts";
import type { Segment, Statement } from "../core/migration.ts";
import type { Channel, Sent } from "../postgres/channel.ts";
import { ScriptError } from "../postgres/script-error.ts";
import { checkDeferred, sessionReset } from "./guard.ts";
import { refusalIn } from "./plain-guard.ts";

/** The part of a pipeline that failed: the guard, the migration's statements and their commit, or the ledger entry. */
export type PipelinePart = "guard" | "migration" | "ledger";

/** Why a step failed, at which statement if known, and how many statements are committed. */
export class StepError extends Error {
  override readonly name = "StepError";
  override readonly cause: unknown;
  readonly statement: Statement | undefined;
  /** The line within the statement, from 0, if PostgreSQL gave a position. */
  readonly lines: number;
  /** Number of the migration's statements that are committed. */
  readonly committed: number;
  readonly part: PipelinePart;
  /** How far the statement has run in batches, which are committed. */
  readonly batches: BatchPosition | undefined;

  constructor(
    cause: unknown,
    committed: number,
    statement?: Statement,
    { lines = 0, part = "migration", batches }: Partial<StepErrorDetails> = {},
  ) {
    super(cause instanceof Error ? cause.message : String(cause));
    this.cause = cause;
    this.committed = committed;
    this.statement = statement;
    this.lines = lines;
    this.part = part;
    this.batches = batches;
  }
}

type StepErrorDetails = Pick<StepError, "lines" | "part" | "batches">;

/** The user cancelled the step. */
export class CancelledError extends Error {
  override readonly name = "CancelledError";
}

/** Ends a cancelled step between two pipelines, when no statement is running. */
export function stopIfCancelled(cancel: AbortSignal | undefined, segment: Segment): void {
  if (cancel?.aborted !== true) return;
  throw new StepError(new CancelledError("cancelled before it was complete"), segment.start);
}

/** The SQL of one pipeline. */
export interface StepPipeline {
  readonly before?: readonly Sent[];
  /** The texts of the segment's statements. */
  readonly own?: readonly string[];
  readonly after?: readonly string[];
  /** What must have prepared the session, see `PipelineOptions.prepared`. */
  readonly prepared?: string;
  /** How long to wait for the answer, in milliseconds; by default, as for the tool's own queries. */
  readonly withinMs?: number;
}

/**
 * Sends the statements of a segment, with those around them, as one pipeline.
 *
 * @throws StepError that names the statement; the session's transaction is then rolled back, or the session closed
 */
export async function sendPipeline(
  session: Channel,
  segment: Segment,
  pipeline: StepPipeline,
): Promise<void> {
  const { before = [], own = [], after = [], prepared, withinMs } = pipeline;
  const parts = [...before, ...own, ...after];
  // Another client gets a pooled backend next and must not inherit its session state.
  const recover = session.pooled ? ["ROLLBACK", ...sessionReset(session)].join(";\n") : undefined;
  try {
    await session.pipeline(parts, { withinMs, recover, prepared });
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    const { completed } = error;
    const cause = refusalIn(error.cause) ?? error.cause;
    const place = completed - before.length;
    const statement = place < own.length ? segment.statements[place] : undefined;
    const failed = parts[completed] ?? "";
    const text = typeof failed === "string" ? failed : "";
    const part = place < 0 ? "guard" : place < own.length ? "migration" : partAfter(text);
    const lines = lineIn(text, cause);
    throw new StepError(cause, segment.start, statement, { lines, part });
  }
}

/** Deferred constraints of the migration are checked after its statements, but are part of it. */
function partAfter(sql: string): PipelinePart {
  return sql === checkDeferred || sql === "COMMIT" ? "migration" : "ledger";
}

/** Runs SQL that cleans up a session. If it fails, closes the session: the server then rolls back and releases its locks. */
export async function runOrClose(session: Channel, sql: string): Promise<void> {
  if (session.lost) return;
  await session.script(sql).catch(() => session.close());
}

/**
 * The line of a statement that an error is about, from 0. PostgreSQL gives a position in it, counted in characters (code
 * points) from 1; or, for a DO block, a line of the block; or neither.
 */
function lineIn(text: string, cause: Error): number {
  const position = "position" in cause ? Number(cause.position) : Number.NaN;
  if (!Number.isNaN(position)) return newlines([...text].slice(0, position - 1).join(""));
  const where = "where" in cause ? String(cause.where) : "";
  const line = /inline_code_block line (\d+)/.exec(where)?.[1];
  // Line 1 of a block is the line of its opening quote.
  return line === undefined ? 0 : newlines(text.slice(0, text.search(/[$']/))) + Number(line) - 1;
}

function newlines(text: string): number {
  return text.split("\n").length - 1;
}
