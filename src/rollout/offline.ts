import type { Segment } from "../core/migration.ts";
import type { Creation, TargetPlan } from "../core/plan.ts";
import { quoteLiteral } from "../core/quoting.ts";
import { targetName } from "../core/target.ts";
import { ledgerOf } from "../ledger/table.ts";
import { noLedger, progressIs, progressReached, slateFor } from "./guard.ts";
import type { PsqlScript } from "./psql.ts";
import { type Opening, progressTag, type Run, type Script, type StepContext } from "./run.ts";
import { openingOf, runSegment, segmentsIn } from "./step.ts";

/** A run whose messages are written down. */
interface Written extends Run {
  readonly session: PsqlScript;
}

/**
 * Writes what brings a target to the end of its plan: the messages that a session would be sent, each behind the
 * question whether the ledger has it already. So the script can be run again from its beginning, wherever it stopped.
 * What was applied in part must be as it was: see `editedPart`.
 */
export async function writeTarget(
  psql: PsqlScript,
  { target, steps, create }: TargetPlan,
  scriptOf: (service: string, tag: string) => Script | undefined,
  context: StepContext,
): Promise<void> {
  psql.say(`${targetName(target)} (schema ${target.schema})`);
  // What the target before it may have left behind; a step that is skipped clears nothing.
  await psql.script(slateFor(psql).join(";\n"));
  for (const [index, step] of steps.entries()) {
    const script = scriptOf(target.service, step.tag);
    if (script === undefined) throw new Error(`${step.tag} was not read`);
    const run: Written = { session: psql, target, step, script, context };
    for (const segment of segmentsIn(run))
      await writeSegment(run, segment, openingOf(run, segment, index === 0 ? create : "nothing"));
  }
}

async function writeSegment(run: Written, segment: Segment, opening: Opening): Promise<void> {
  const { session, target } = run;
  const { create } = opening;
  const missing = noLedger(target.schema);
  if (!segment.transactional && !hasBegun(run, segment))
    await whenThere(run, create, () => writeResumption(run, segment));
  const undone = `NOT (${isDone(run, segment)})`;
  await session.whenAny(create === "nothing" ? [undone] : [missing, undone], () => {
    session.say(`${targetName(target)} ${run.step.tag}`);
    return runSegment(run, segment, orCleared(run, segment, opening));
  });
}

/** What runs alone, failed and was cleared away has left an entry all the same. */
function orCleared({ target, step, script }: Run, segment: Segment, opening: Opening): Opening {
  if (segment.transactional || opening.create !== "nothing") return opening;
  const { checksum } = script.migration;
  const cleared = progressIs(target.schema, progressTag(step), checksum, segment.start, false);
  return { ...opening, expectation: `${opening.expectation} OR ${cleared}` };
}

function hasBegun({ step }: Run, { start }: Segment): boolean {
  return step.begun && step.resumeAt === start;
}

/** A ledger that is yet to be created cannot be asked. */
function whenThere(run: Written, create: Creation, then: () => Promise<void>): Promise<void> {
  return create === "nothing"
    ? then()
    : run.session.when(`NOT (${noLedger(run.target.schema)})`, then);
}

/** What runs alone may have been cut off: then it goes on as after any interruption. */
function writeResumption(run: Written, segment: Segment): Promise<void> {
  const { session, target, step, script } = run;
  const { checksum } = script.migration;
  const begun = progressIs(target.schema, progressTag(step), checksum, segment.start, true);
  const again = { ...run, step: { ...step, resumeAt: segment.start, begun: true } };
  return session.when(begun, () => {
    session.say(`${targetName(target)} ${step.tag}, which was interrupted`);
    return runSegment(again, segment, { expectation: begun, create: "nothing", prelude: [] });
  });
}

/** True, as SQL, when an earlier run has come to the end of a segment; a down that is through has no entries left. */
function isDone({ target, step, script }: Run, { start, statements }: Segment): string {
  const tag = progressTag(step);
  const end = start + statements.length;
  const reached = progressReached(target.schema, tag, script.migration.checksum, end);
  if (step.action !== "downgrade") return reached;
  const entry = quoteLiteral(step.recordedAs ?? step.tag);
  return `${reached} OR NOT EXISTS (SELECT FROM ${ledgerOf(target.schema)} WHERE tag = ${entry})`;
}
