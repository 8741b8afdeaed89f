import type { Segment } from "../core/migration.ts";
import type { Creation, TargetPlan } from "../core/plan.ts";
import { quoteLiteral } from "../core/quoting.ts";
import { targetName } from "../core/target.ts";
import { ledgerOf } from "../ledger/table.ts";
import { runFix } from "./fix.ts";
import { hasProgress, hasReached, noLedger, sessionReset } from "./guard.ts";
import type { PsqlScript } from "./psql.ts";
import { openingOf, runSegment, segmentsIn } from "./step.ts";
import type { MigrationScript, Opening, StepContext, StepRun } from "./step-run.ts";
import { ownTags, progressTag } from "./step-run.ts";

/** A step whose messages are written to a script. */
interface OfflineRun extends StepRun {
  readonly session: PsqlScript;
}

/**
 * Writes the messages that run all steps of a target. Each first checks whether the ledger already has it, so the script
 * can run again from the beginning after any failure. The applied part of a migration must not have changed: check it with
 * `editedPart` first.
 */
export async function writeTarget(
  psql: PsqlScript,
  { target, steps, create }: TargetPlan,
  scriptOf: (service: string, tag: string) => MigrationScript | undefined,
  context: StepContext,
): Promise<void> {
  psql.say(`${targetName(target)} (schema ${target.schema})`);
  // Clears what the target before may have left: a skipped step resets nothing.
  await psql.script(sessionReset(psql).join(";\n"));
  for (const [index, step] of steps.entries()) {
    const script = scriptOf(target.service, step.tag);
    if (script === undefined) throw new Error(`${step.tag} was not read`);
    const run: OfflineRun = {
      ...{ session: psql, target, step, script, context },
      // The script may run when the ledger has changed in the meantime.
      sealed: false,
    };
    if (step.action === "fix") {
      await runFix(run);
      continue;
    }
    for (const segment of segmentsIn(run))
      await writeSegment(run, segment, openingOf(run, segment, index === 0 ? create : "nothing"));
  }
}

async function writeSegment(run: OfflineRun, segment: Segment, opening: Opening): Promise<void> {
  const { session, target } = run;
  const { create } = opening;
  const missing = noLedger(target.schema);
  if (!segment.transactional && !hasBegun(run, segment))
    await whenLedgerExists(run, create, () => writeResumption(run, segment));
  const undone = `NOT (${isDone(run, segment)})`;
  await session.whenAny(create === "nothing" ? [undone] : [missing, undone], () => {
    session.say(`${targetName(target)} ${run.step.tag}`);
    return runSegment(run, segment, orCleared(run, segment, opening));
  });
}

/** A statement that ran alone, failed and was cleaned up leaves an entry without progress. */
function orCleared({ target, step, script }: StepRun, segment: Segment, opening: Opening): Opening {
  if (segment.transactional || opening.create !== "nothing") return opening;
  const { checksum } = script.migration;
  const tag = progressTag(step);
  const progress = { tag, checksum, applied: segment.start, begun: false };
  const cleared = hasProgress(target.schema, progress);
  return { ...opening, expectation: `${opening.expectation} OR ${cleared}` };
}

function hasBegun({ step }: StepRun, { start }: Segment): boolean {
  return step.begun && step.resumeAt === start;
}

/** Skips the ledger's conditions if the ledger may not exist yet. */
function whenLedgerExists(
  run: OfflineRun,
  create: Creation,
  then: () => Promise<void>,
): Promise<void> {
  return create === "nothing"
    ? then()
    : run.session.when(`NOT (${noLedger(run.target.schema)})`, then);
}

/** Resumes a statement that runs alone and was interrupted. */
function writeResumption(run: OfflineRun, segment: Segment): Promise<void> {
  const { session, target, step, script } = run;
  const { checksum } = script.migration;
  const tag = progressTag(step);
  const progress = { tag, checksum, applied: segment.start, begun: true };
  const begun = hasProgress(target.schema, progress);
  const again = { ...run, step: { ...step, resumeAt: segment.start, begun: true } };
  return session.when(begun, () => {
    session.say(`${targetName(target)} ${step.tag}, which was interrupted`);
    const opening: Opening = { expectation: begun, create: "nothing", reset: [] };
    return runSegment(again, segment, { ...opening, own: ownTags(step) });
  });
}

/** SQL that is true when an earlier run completed the segment. A completed down leaves no entry. */
function isDone({ target, step, script }: StepRun, { start, statements }: Segment): string {
  const tag = progressTag(step);
  const { checksum } = script.migration;
  const applied = start + statements.length;
  const reached = hasReached(target.schema, { tag, checksum, applied });
  if (step.action !== "downgrade") return reached;
  const entry = quoteLiteral(step.recordedAs ?? step.tag);
  return `${reached} OR NOT EXISTS (SELECT FROM ${ledgerOf(target.schema)} WHERE tag = ${entry})`;
}
