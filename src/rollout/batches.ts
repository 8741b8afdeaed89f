import type { BatchedWork, BatchPosition } from "../core/batch.ts";
import type { Segment, Statement } from "../core/migration.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import { fill } from "../core/template.ts";
import { scriptTimeout } from "../postgres/answer.ts";
import { lockKey } from "../postgres/lock.ts";
import { Session } from "../postgres/session.ts";
import { batchRange, checkBatchKey, endOfBatch } from "./batch-key.ts";
import { guard, hasBatch, sessionReset } from "./guard.ts";
import { runOrClose, StepError, sendPipeline, stopIfCancelled } from "./pipeline.ts";
import {
  batchChecksum,
  begin,
  end,
  type Opening,
  ownTags,
  progressTag,
  record,
  recordBatch,
  roleOf,
  type StepRun,
  settingsOf,
} from "./step-run.ts";
import { pauseBetweenBatches } from "./throttle.ts";

/** The rollout is to end, so the step ended between two batches. The next run continues it. */
export class StoppedError extends Error {
  override readonly name = "StoppedError";
}

/** A statement in batches, as far as it has run. */
interface BatchRun extends StepRun {
  readonly session: Session;
  readonly segment: Segment;
  readonly statement: Statement;
  readonly work: BatchedWork;
  /** Whether the session holds the target's lock. */
  readonly lock: { held: boolean };
}

/**
 * Runs a statement in batches. Each is a transaction that takes the guard, changes the rows in the next range of the key,
 * and records the last key of the range in the ledger. So whatever interrupts it, each row is changed once. The last batch
 * has no end: it begins when fewer rows are left than a batch has, and completes the statement.
 *
 * The session holds the target's lock from the first batch to the last one, so that other runners wait instead of taking
 * turns. Through a pooler, no lock outlives a transaction, and runners may take turns.
 */
export async function runBatches(
  { session, ...rest }: StepRun,
  segment: Segment,
  opening: Opening,
): Promise<void> {
  const [statement] = segment.statements;
  const work = statement?.batch;
  if (statement === undefined || work === undefined) return;
  if (!(session instanceof Session)) throw new Error("a script cannot run batches");
  const run: BatchRun = { ...rest, session, segment, statement, work, lock: { held: false } };
  const { step } = run;
  let position = step.resumeAt === segment.start ? step.batch : undefined;
  try {
    for (let next = opening, isFirst = true; ; isFirst = false) {
      const reached = await runBatch(run, position, next, isFirst);
      if (reached === undefined) return;
      position = reached;
      run.onBatch?.committed(reached);
      await betweenBatches(run);
      next = openingAfter(run, reached);
    }
  } catch (error) {
    throw afterBatches(error, run, position);
  } finally {
    if (run.lock.held) await runOrClose(session, unlock(run));
  }
}

/** Ends the step if the rollout is to end; otherwise leaves room for other work. */
async function betweenBatches({ session, segment, context, onBatch }: BatchRun): Promise<void> {
  const { cancel, stop, throttle } = context;
  const refuse = () => {
    stopIfCancelled(cancel, segment);
    if (stop?.aborted !== true) return;
    throw new StepError(new StoppedError("stopped between two batches"), segment.start);
  };
  refuse();
  if (throttle === undefined) return;
  await pauseBetweenBatches(session, throttle, stop ?? cancel, (reason) => onBatch?.waits(reason));
  refuse();
}

/** Adds to an error how much of the statement is committed. */
function afterBatches(
  error: unknown,
  { segment, statement }: BatchRun,
  batches: BatchPosition | undefined,
): unknown {
  const known = error instanceof StepError ? error : new StepError(error, segment.start, statement);
  const { cause, committed, lines, part } = known;
  return new StepError(cause, committed, known.statement, { lines, part, batches });
}

/** Each later batch expects the position that the one before it recorded. */
function openingAfter(
  { target, step, script, segment, session }: BatchRun,
  position: BatchPosition,
): Opening {
  const { checksum } = script.migration;
  const { statements } = script;
  const tag = progressTag(step);
  const expected = { tag, checksum, applied: segment.start, begun: true };
  return {
    expectation: hasBatch(target.schema, {
      ...expected,
      appliedChecksum: batchChecksum(statements, segment.start, position),
    }),
    create: "nothing",
    own: ownTags(step),
    // The backend of a pooler may be another one now.
    reset: session.pooled ? sessionReset(session) : [],
  };
}

/**
 * Runs one batch.
 *
 * @param before the position before it
 * @param isFirst true for the first one of this attempt
 * @returns the position after it; undefined if it was the last one
 */
async function runBatch(
  run: BatchRun,
  before: BatchPosition | undefined,
  opening: Opening,
  isFirst: boolean,
): Promise<BatchPosition | undefined> {
  const { session, segment, work, context } = run;
  run.onBatch?.begins();
  await open(run, opening, isFirst);
  const key = await findEnd(run, before, isFirst);
  const { by, size } = work;
  const after: BatchPosition | undefined = key && {
    ...{ by, after: key },
    batches: (before?.batches ?? 0) + 1,
    rows: (before?.rows ?? 0) + size,
  };
  const range = batchRange(work, before?.after, key);
  const { others } = opening;
  const entry = others === undefined ? {} : { others };
  await sendPipeline(session, segment, {
    own: [`${fill(work.head, quoteIdentifier(run.target.schema))}${range}`],
    after: [
      ...(after === undefined
        ? record(run, segment.start + 1, false, entry)
        : recordBatch(run, segment.start, after, entry)),
      ...end,
      ...(session.pooled ? sessionReset(session) : []),
    ],
    withinMs: scriptTimeout(context.timeouts.statement, 1),
  });
  return after;
}

/** Begins the transaction of a batch, with the guard. */
async function open(run: BatchRun, opening: Opening, isFirst: boolean): Promise<void> {
  const { session, target, script, segment } = run;
  const settings = settingsOf(run, segment);
  // Each commit is on disk before the next batch, and waits for synchronous replicas.
  settings.set("synchronous_commit", "on");
  const takesLock = isFirst && !session.pooled;
  await sendPipeline(session, segment, {
    before: [
      begin,
      ...opening.reset,
      ...guard({
        ...{ target, sharedSchemas: script.sharedSchemas, settings, scope: "transaction" },
        ...{ role: roleOf(run), ...opening },
      }),
      // Not refused: the transaction holds the same lock.
      ...(takesLock ? [lockForSession(run)] : []),
    ],
  });
  run.lock.held ||= takesLock;
}

function lockForSession({ target }: StepRun): string {
  return `SELECT pg_catalog.pg_advisory_lock(${lockKey(target.schema)})`;
}

function unlock({ target }: StepRun): string {
  const key = lockKey(target.schema);
  return `SELECT pg_catalog.pg_advisory_unlock(${key})`;
}

/** Finds the last key of the next batch, in its transaction. Before the first one, checks the key. */
async function findEnd(
  run: BatchRun,
  before: BatchPosition | undefined,
  isFirst: boolean,
): Promise<readonly string[] | undefined> {
  const { session, target, segment, statement, work } = run;
  try {
    if (isFirst) {
      const rows = await checkBatchKey(session, target.schema, work);
      run.onBatch?.estimated(rows);
    }
    return await endOfBatch(session, target.schema, work, before?.after);
  } catch (error) {
    const reset = session.pooled ? sessionReset(session) : [];
    await runOrClose(session, ["ROLLBACK", ...reset].join(";\n"));
    throw new StepError(error, segment.start, statement);
  }
}
