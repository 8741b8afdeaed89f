import type { ConcurrentWork, Segment, Statement } from "../core/migration.ts";
import { lockKey, serverKeepAlive } from "../postgres/lock.ts";
import { ScriptError } from "../postgres/script-error.ts";
import { cleanUpFailed, cleanUpInterrupted, isStillNeeded, preconditionOf } from "./concurrent.ts";
import { guard, type Precondition } from "./guard.ts";
import { runOrClose, StepError, sendPipeline, stopIfCancelled } from "./pipeline.ts";
import {
  begin,
  type Opening,
  record,
  roleOf,
  type StepRun,
  textFor,
  timeoutAlone,
} from "./step-run.ts";

/**
 * Runs a statement that cannot be in a transaction. A small transaction before it records that the statement may have
 * begun, another one after it records that it is done. The session holds the target's lock throughout.
 */
export async function runAlone(run: StepRun, segment: Segment, opening: Opening): Promise<void> {
  const [statement] = segment.statements;
  if (statement === undefined) return;
  const { session, step } = run;
  if (session.pooled) {
    const reason = "the statement cannot run in a transaction, and the connection is pooled";
    throw new StepError(new Error(reason), segment.start, statement);
  }
  const wasBegun = step.resumeAt === segment.start && step.begun;
  const work = statement.concurrently;
  try {
    const precondition = work === undefined || wasBegun ? undefined : preconditionOf(run, work);
    await recordBegun(run, segment, opening, precondition);
    stopIfCancelled(run.context.cancel, segment);
    if (wasBegun && work !== undefined) await resume(run, segment, work);
    else await runStatement(run, segment, statement);
    await sendPipeline(session, segment, {
      before: [begin],
      after: [...record(run, segment.start + 1, false), "COMMIT"],
    });
  } finally {
    await runOrClose(session, releaseLock(run));
  }
}

/** Takes the target's lock for the session and records that the statement may have begun. */
async function recordBegun(
  run: StepRun,
  segment: Segment,
  opening: Opening,
  precondition: Precondition | undefined,
): Promise<void> {
  const { session, target, script } = run;
  const open = guard({
    target,
    sharedSchemas: script.sharedSchemas,
    settings: aloneSettings(run, segment.statements[0]?.concurrently),
    role: roleOf(run),
    ...opening,
    scope: "session",
    ...(precondition === undefined ? {} : { precondition }),
  });
  await sendPipeline(session, segment, {
    before: [begin, ...opening.reset, ...open],
    after: [...record(run, segment.start, true, opening), "COMMIT"],
  }).catch((error: unknown) => {
    throw asStatementError(error, segment, precondition);
  });
}

/** The guard checks the statement's precondition, but its failure is reported as the statement's. */
function asStatementError(
  error: unknown,
  { start, statements }: Segment,
  precondition: Precondition | undefined,
): unknown {
  const isUnmet = error instanceof StepError && error.message === precondition?.message;
  return isUnmet ? new StepError(error.cause, start, statements[0]) : error;
}

/** Continues after an interruption: runs the statement again unless its result is complete. */
async function resume(run: StepRun, segment: Segment, work: ConcurrentWork): Promise<void> {
  const [statement] = segment.statements;
  if (statement === undefined) return;
  try {
    await cleanUpInterrupted(run, work);
    await run.session.when(isStillNeeded(run, work), () => runStatement(run, segment, statement));
  } catch (error) {
    if (error instanceof StepError) throw error;
    const cause = error instanceof ScriptError ? error.cause : error;
    throw new StepError(cause, segment.start, statement);
  }
}

/** Runs a statement. If it fails, drops an invalid index, and removes from the ledger entry that it has begun. */
async function runStatement(run: StepRun, segment: Segment, statement: Statement): Promise<void> {
  const { session } = run;
  try {
    const withinMs = timeoutAlone(run.context);
    await sendPipeline(session, segment, { own: [textFor(run, statement)], withinMs });
  } catch (error) {
    const work = statement.concurrently;
    try {
      const isCleanedUp = !session.lost && (work === undefined || (await cleanUpFailed(run, work)));
      if (isCleanedUp)
        await session.script([begin, ...record(run, segment.start, false), "COMMIT"].join(";\n"));
    } catch {
      // The entry still says that it has begun, so the next attempt cleans up. Closing the session releases its locks.
      await session.close();
    }
    throw error;
  }
}

/**
 * Building an index waits for other transactions, and lock_timeout applies to that. It can wait longer than for other
 * locks because it blocks no other session in the meantime; VACUUM FULL would.
 */
export function aloneSettings(
  { context, session }: StepRun,
  work: ConcurrentWork | undefined,
): Map<string, string> {
  const { concurrently, lock } = context.timeouts;
  const waitsLonger = work !== undefined && work.action !== "detach";
  return new Map([
    ...session.settings,
    ...serverKeepAlive,
    ["lock_timeout", String(waitsLonger ? concurrently : lock)],
    ["statement_timeout", String(concurrently)],
  ]);
}

/** SQL that releases the target's lock and the settings of a statement that ran alone. */
export function releaseLock({ target, session }: StepRun): string {
  const settings = [
    ...session.settings.keys(),
    ...serverKeepAlive.map(([name]) => name),
    ...["lock_timeout", "statement_timeout", "search_path"],
  ];
  return `SELECT pg_catalog.pg_advisory_unlock(${lockKey(target.schema)});
${settings.map((name) => `RESET ${name}`).join("; ")}`;
}
