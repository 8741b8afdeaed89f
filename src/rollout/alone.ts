import type { ConcurrentWork, Segment, Statement } from "../core/migration.ts";
import { lockKey, serverKeepAlive } from "../postgres/lock.ts";
import { ScriptError } from "../postgres/script.ts";
import { type GuardOptions, guard } from "./guard.ts";
import { StepError, send, stopIfCancelled, tidy } from "./message.ts";
import { clearAway, demandOf, finishInterrupted, remains } from "./remnants.ts";
import {
  begin,
  type Opening,
  ownTags,
  patienceAlone,
  type Run,
  record,
  roleOf,
  textFor,
} from "./run.ts";

/**
 * Runs a statement that cannot be in a transaction. A small transaction before it writes down that it may have
 * begun, one after it that it is done; the target's lock is held all the while, by the session.
 */
export async function runAlone(run: Run, segment: Segment, opening: Opening): Promise<void> {
  const [statement] = segment.statements;
  if (statement === undefined) return;
  const { session, target, script, step } = run;
  if (session.pooled) {
    const reason = "the statement cannot run in a transaction, and the connection is pooled";
    throw new StepError(new Error(reason), segment.start, statement);
  }
  const begun = step.resumeAt === segment.start && step.begun;
  const work = statement.concurrently;
  try {
    const options = {
      target,
      sharedSchemas: script.sharedSchemas,
      settings: settingsOf(run, work),
      role: roleOf(run),
      own: ownTags(step),
      ...opening,
    };
    const demand = work === undefined || begun ? undefined : demandOf(run, work);
    const open = guard({
      ...options,
      scope: "session",
      ...(demand === undefined ? {} : { demand }),
    });
    await send(session, segment, {
      before: [begin, ...opening.prelude, ...open],
      after: [...record(run, segment.start, true), "COMMIT"],
    }).catch((error: unknown) => {
      throw ofStatement(error, segment, demand);
    });
    stopIfCancelled(run.context.cancel, segment);
    if (begun && work !== undefined) await resume(run, segment, statement, work);
    else await runStatement(run, segment, statement);
    await send(session, segment, {
      before: [begin],
      after: [...record(run, segment.start + 1, false), "COMMIT"],
    });
  } finally {
    await tidy(session, leave(run));
  }
}

/** What the statement demands is checked by the guard; that it is not so is the statement's failure. */
function ofStatement(
  error: unknown,
  { start, statements }: Segment,
  demand: GuardOptions["demand"],
): unknown {
  const refused = error instanceof StepError && error.message === demand?.message;
  return refused ? new StepError(error.cause, start, statements[0]) : error;
}

/** Goes on after an interruption: the statement runs again unless what it left is whole. */
async function resume(
  run: Run,
  segment: Segment,
  statement: Statement,
  work: ConcurrentWork,
): Promise<void> {
  try {
    await finishInterrupted(run, work);
    await run.session.when(remains(run, work), () => runStatement(run, segment, statement));
  } catch (error) {
    if (error instanceof StepError) throw error;
    const cause = error instanceof ScriptError ? error.cause : error;
    throw new StepError(cause, segment.start, statement);
  }
}

/** A statement that fails leaves things as they were: no invalid index, and an entry that says it did not begin. */
async function runStatement(run: Run, segment: Segment, statement: Statement): Promise<void> {
  const { session } = run;
  try {
    const withinMs = patienceAlone(run.context);
    await send(session, segment, { own: [textFor(run, statement)], withinMs });
  } catch (error) {
    const work = statement.concurrently;
    try {
      const cleared = session.lost ? false : work === undefined || (await clearAway(run, work));
      if (cleared)
        await session.script([begin, ...record(run, segment.start, false), "COMMIT"].join(";\n"));
    } catch {
      // What is left stays begun, and the next attempt looks at it. Closed, the session frees its locks.
      await session.close();
    }
    throw error;
  }
}

/** Indexes wait for other transactions as if for locks, and block nobody while they wait. VACUUM FULL would. */
function settingsOf(
  { context, session }: Run,
  work: ConcurrentWork | undefined,
): Map<string, string> {
  const { concurrently, lock } = context.timeouts;
  const patient = work !== undefined && work.action !== "detach";
  return new Map([
    ...session.settings,
    ...serverKeepAlive,
    ["lock_timeout", String(patient ? concurrently : lock)],
    ["statement_timeout", String(concurrently)],
  ]);
}

function leave({ target, session }: Run): string {
  const settings = [
    ...session.settings.keys(),
    ...serverKeepAlive.map(([name]) => name),
    ...["lock_timeout", "statement_timeout", "search_path"],
  ];
  return `SELECT pg_catalog.pg_advisory_unlock(${lockKey(target.schema)});
${settings.map((name) => `RESET ${name}`).join("; ")}`;
}
