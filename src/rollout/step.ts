import type { Segment } from "../core/migration.ts";
import type { Creation, Step } from "../core/plan.ts";
import { sealing } from "../ledger/seal.ts";
import { recordChecksum, recordStamp } from "../ledger/table.ts";
import { scriptTimeout } from "../postgres/answer.ts";
import { segmentsOf } from "../sql/segments.ts";
import { runAlone } from "./alone.ts";
import { runBatches } from "./batches.ts";
import { runFix } from "./fix.ts";
import {
  checkDeferred,
  guard,
  hasEntry,
  hasProgress,
  ledgerHas,
  ledgerIs,
  ledgerIsIntact,
  ownSearchPath,
  sessionReset,
} from "./guard.ts";
import { sendPipeline, stopIfCancelled } from "./pipeline.ts";
import { plainStepOf, runPlain } from "./plain.ts";
import {
  begin,
  end,
  haveChecksum,
  type MigrationScript,
  type Opening,
  ownTags,
  progressTag,
  record,
  roleOf,
  type StepRun,
  settingsOf,
  textFor,
} from "./step-run.ts";

/** The part of a file that was already applied has changed since: the state of the target's schema is unknown. */
export class ResumeError extends Error {
  override readonly name = "ResumeError";
}

/**
 * Runs one step: a migration or its down for one target, or a write to its ledger alone. Each segment is one pipeline and
 * one transaction, which also writes the ledger. A statement that cannot run in a transaction runs alone, between two
 * such transactions.
 *
 * @param create what to create with the first segment
 * @throws StepError when the server reports an error or the connection is lost; ResumeError when the part that an
 *   earlier attempt applied has changed
 */
export async function runStep(run: StepRun, create: Creation): Promise<void> {
  const { step, script, context } = run;
  refuseEdited(step, script);
  if (step.action === "repair" || step.action === "stamp") return writeLedger(run, create);
  if (step.action === "fix") return runFix(run);
  const segments = segmentsIn(run);
  const plain = plainStepOf(run, segments, create);
  if (plain !== undefined) return runPlain(run, plain);
  for (const segment of segments) {
    stopIfCancelled(context.cancel, segment);
    await runSegment(run, segment, openingOf(run, segment, create));
  }
}

/** True if a step leaves the ledger sealed: the guard has checked all of it in the transaction that completes the step. */
export function leavesSealed(run: StepRun): boolean {
  const { action } = run.step;
  const [segment, ...others] = segmentsIn(run);
  const isOne = segment !== undefined && isOneTransaction(segment) && others.length === 0;
  return run.sealed && (action === "stamp" || action === "repair" || isOne);
}

/** The segments of a step that are left to run. */
export function segmentsIn({ script, step }: StepRun): readonly Segment[] {
  const segments = segmentsOf(script.statements, step.resumeAt);
  // With no statement left, one empty segment still writes the ledger entry.
  return segments.length > 0
    ? segments
    : [{ transactional: true, start: step.resumeAt, statements: [] }];
}

/**
 * How a segment begins. The first one of a step expects the ledger that the plan saw, each later one the progress that
 * the segment before it recorded.
 *
 * @param create what to create with the first segment
 */
export function openingOf(run: StepRun, segment: Segment, create: Creation): Opening {
  const { session, target, step, script } = run;
  const { start, statements } = segment;
  if (start > step.resumeAt) {
    const { checksum } = script.migration;
    const tag = progressTag(step);
    const progress = { tag, checksum, applied: start, begun: false };
    const expectation = hasProgress(target.schema, progress);
    return { expectation, create: "nothing", reset: [], own: ownTags(step) };
  }
  const { action, begun, ledger } = step;
  const expectation = ledgerIs(target.schema, ledger, create);
  // A migration without an entry adds one to the ledger that the plan saw.
  const isNew = action === "apply" && start === 0 && !begun;
  const isAll = isOneTransaction(segment) && start + statements.length === script.statements.length;
  return {
    ...{ expectation, create, reset: sessionReset(session) },
    ...(isNew ? { others: ledger } : { own: ownTags(step) }),
    ...(run.sealed && isAll ? { seal: step.ledgerAfter } : {}),
  };
}

function isOneTransaction({ transactional, statements }: Segment): boolean {
  return transactional && statements.every(({ batch }) => batch === undefined);
}

/** Runs a segment, in a transaction if its statements allow it, and writes the ledger. */
export function runSegment(run: StepRun, segment: Segment, opening: Opening): Promise<void> {
  if (segment.statements[0]?.batch !== undefined) return runBatches(run, segment, opening);
  return segment.transactional
    ? runTogether(run, segment, opening)
    : runAlone(run, segment, opening);
}

function refuseEdited(step: Step, script: MigrationScript): void {
  const message = editedPart(step, script);
  if (message !== undefined) throw new ResumeError(message);
}

/** A message if the part of a migration that was applied or begun has changed since; otherwise undefined. */
export function editedPart(
  { tag, resumeAt, resumeChecksum, begun, batch }: Step,
  { statements }: MigrationScript,
): string | undefined {
  const reached = resumeAt + (begun ? 1 : 0);
  if (reached === 0 || haveChecksum(statements, reached, resumeChecksum)) {
    const by = statements[resumeAt]?.batch?.by;
    // The key is in a mark, which is not part of the statement's text. The size of a batch can change.
    return batch === undefined || JSON.stringify(by) === JSON.stringify(batch.by)
      ? undefined
      : `statement ${reached} of ${tag} has run in batches by ${batch.by.join(", ")}, and its mark was edited since`;
  }
  return begun
    ? `statement ${reached} of ${tag}, or one before it, was edited after it had started to run`
    : reached === 1
      ? `the first statement of ${tag} was edited after it was applied`
      : `the first ${reached} statements of ${tag} were edited after they were applied`;
}

/** Sends BEGIN, guard, statements, ledger entry and COMMIT as one pipeline. */
async function runTogether(run: StepRun, segment: Segment, opening: Opening): Promise<void> {
  const { target, script } = run;
  const settings = settingsOf(run, segment);
  await sendPipeline(run.session, segment, {
    before: [
      begin,
      ...opening.reset,
      ...guard({
        target,
        sharedSchemas: script.sharedSchemas,
        settings,
        role: roleOf(run),
        scope: "transaction",
        ...opening,
      }),
    ],
    own: segment.statements.map((statement) => textFor(run, statement)),
    after: [
      ...record(run, segment.start + segment.statements.length, false, opening),
      ...end,
      // The next client of a pooled backend must not inherit what the migration set in it.
      ...(run.session.pooled ? sessionReset(run.session) : []),
    ],
    withinMs: scriptTimeout(run.context.timeouts.statement, segment.statements.length),
  });
}

/** Writes only the ledger: the checksum of the current file (repair), or all entries (stamp). */
async function writeLedger(run: StepRun, create: Creation): Promise<void> {
  const { session, target, step, script, context } = run;
  const segment: Segment = { transactional: true, start: 0, statements: [] };
  const open = guard({
    target,
    sharedSchemas: script.sharedSchemas,
    settings: settingsOf(run, segment),
    scope: "transaction",
    expectation: ledgerIs(target.schema, step.ledger, create),
    create,
    role: roleOf(run),
    ...(step.entries === undefined ? { own: [step.tag] } : {}),
  });
  const { entries, tag, checksum } = step;
  const { schema } = target;
  const digest = run.sealed ? step.ledgerAfter : undefined;
  const writes =
    entries === undefined
      ? [
          ...sealing(schema, digest, [recordChecksum(schema, tag, checksum)]),
          ...ledgerIsIntact(schema, [tag], hasEntry(schema, { tag, checksum })),
        ]
      : [
          ...sealing(schema, digest, recordStamp(schema, entries, context.by)),
          ...ledgerHas(schema, entries),
        ];
  await sendPipeline(session, segment, {
    before: [begin, ...sessionReset(session), ...open],
    after: [checkDeferred, ownSearchPath, ...writes, "COMMIT"],
  });
}
