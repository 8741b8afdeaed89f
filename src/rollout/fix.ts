import type { Segment, Statement } from "../core/migration.ts";
import { scriptTimeout } from "../postgres/answer.ts";
import type { Channel } from "../postgres/channel.ts";
import { Session } from "../postgres/session.ts";
import { segmentsOf } from "../sql/segments.ts";
import { aloneSettings, releaseLock } from "./alone.ts";
import { cleanUpFailed } from "./concurrent.ts";
import { checkDeferred, guard, ledgerIs, ownSearchPath, sessionReset } from "./guard.ts";
import { runOrClose, StepError, sendPipeline, stopIfCancelled } from "./pipeline.ts";
import {
  begin,
  end,
  type Inspection,
  type StepRun,
  settingsOf,
  textFor,
  timeoutAlone,
} from "./step-run.ts";

/**
 * Repairs drift of one target. The ledger records nothing of it: what is left to do shows in the schema itself. Before the
 * first statement, the target must differ as it did when the repair was made, or it needs none. The transaction that
 * completes the repair is committed only if nothing else differs afterwards.
 *
 * @throws StepError when the server reports an error, or the target does not differ, or is not repaired, as expected
 */
export async function runFix(run: StepRun): Promise<void> {
  const segments = segmentsOf(run.script.statements);
  const [first] = segments;
  if (first === undefined) return;
  const before = await inspectAlone(run, first);
  if (before?.kind === "repaired") return;
  if (before?.kind === "changed") throw refused(before.message);
  for (const segment of segments) {
    stopIfCancelled(run.context.cancel, segment);
    if (segment.transactional) await runTogether(run, segment, segment === segments.at(-1));
    else await runAlone(run, segment);
  }
  if (segments.at(-1)?.transactional === true) return;
  refuseUnrepaired(await inspectAlone(run, first));
}

function refused(message: string): StepError {
  return new StepError(new Error(message), 0);
}

function refuseUnrepaired(after: Inspection | undefined): void {
  if (after?.kind === "drifted") throw refused("its repair has changed nothing");
  if (after?.kind === "changed") throw refused(`after its repair, ${after.message}`);
}

/** The beginning of each transaction: locks the target, and checks that its ledger is as planned. */
function opening(run: StepRun, segment: Segment, scope: "transaction" | "session"): string[] {
  const { session, target, step, script } = run;
  const settings =
    scope === "session"
      ? aloneSettings(run, segment.statements[0]?.concurrently)
      : settingsOf(run, segment);
  return [
    begin,
    ...sessionReset(session),
    ...guard({
      ...{ target, sharedSchemas: script.sharedSchemas, settings, scope },
      ...{ expectation: ledgerIs(target.schema, step.ledger, "nothing"), create: "nothing" },
    }),
  ];
}

/** Inspects the target in a transaction of its own. A script for psql cannot. */
async function inspectAlone(run: StepRun, segment: Segment): Promise<Inspection | undefined> {
  const { session } = run;
  if (!canInspect(session) || run.script.inspect === undefined) return undefined;
  await sendPipeline(session, segment, { before: opening(run, segment, "transaction") });
  return inspect(run, session, "ROLLBACK");
}

function canInspect(session: Channel): session is Session {
  return session instanceof Session;
}

/** Inspects the target within a transaction, and ends it. */
async function inspect(
  run: StepRun,
  session: Session,
  last: string,
): Promise<Inspection | undefined> {
  const { script, target } = run;
  try {
    const found = await script.inspect?.(session, target);
    if (last !== "ROLLBACK") refuseUnrepaired(found);
    await session.script(last);
    return found;
  } catch (error) {
    await runOrClose(session, "ROLLBACK");
    throw error instanceof StepError ? error : new StepError(error, 0);
  }
}

/** @param isLast true: the target must be repaired then */
async function runTogether(run: StepRun, segment: Segment, isLast: boolean): Promise<void> {
  const { session, context } = run;
  const isInspected = isLast && canInspect(session) && run.script.inspect !== undefined;
  const commit = [...end, ...(session.pooled ? sessionReset(session) : [])];
  await sendPipeline(session, segment, {
    before: opening(run, segment, "transaction"),
    own: segment.statements.map((statement) => textFor(run, statement)),
    after: [checkDeferred, ownSearchPath, ...(isInspected ? [] : commit)],
    withinMs: scriptTimeout(context.timeouts.statement, segment.statements.length),
  });
  if (isInspected) await inspect(run, session, commit.join(";\n"));
}

/** Runs a statement outside of a transaction. The session holds the target's lock meanwhile. */
async function runAlone(run: StepRun, segment: Segment): Promise<void> {
  const { session } = run;
  const [statement] = segment.statements;
  if (statement === undefined) return;
  if (session.pooled) {
    const reason = "the statement cannot run in a transaction, and the connection is pooled";
    throw new StepError(new Error(reason), segment.start, statement);
  }
  try {
    await sendPipeline(session, segment, {
      before: opening(run, segment, "session"),
      after: ["COMMIT"],
    });
    await runStatement(run, segment, statement);
  } finally {
    await runOrClose(session, releaseLock(run));
  }
}

async function runStatement(run: StepRun, segment: Segment, statement: Statement): Promise<void> {
  const { session } = run;
  try {
    const withinMs = timeoutAlone(run.context);
    await sendPipeline(session, segment, { own: [textFor(run, statement)], withinMs });
  } catch (error) {
    const work = statement.concurrently;
    // The invalid index that a failed build leaves is not the only error to report.
    if (work !== undefined && !session.lost) await cleanUpFailed(run, work).catch(() => undefined);
    throw error;
  }
}
