import type { Segment } from "../core/migration.ts";
import type { Creation, Step } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { recordChecksum, recordStamp } from "../ledger/table.ts";
import { scriptTimeout } from "../postgres/answer.ts";
import type { Channel } from "../postgres/channel.ts";
import { segmentsOf } from "../sql/segments.ts";
import { runAlone } from "./alone.ts";
import {
  entryIs,
  guard,
  ledgerIs,
  ledgerIsIntact,
  ledgerSays,
  nothingDeferred,
  ownPath,
  progressIs,
  slateFor,
} from "./guard.ts";
import { send, stopIfCancelled } from "./message.ts";
import {
  begin,
  end,
  isChecksumOf,
  type Opening,
  ownTags,
  progressTag,
  type Run,
  record,
  roleOf,
  type Script,
  type StepContext,
  textFor,
} from "./run.ts";

/** The already applied part of a file was changed: nobody can say what the target holds. */
export class ResumeError extends Error {
  override readonly name = "ResumeError";
}

/**
 * Takes one step: runs one migration or its down for one target, or only writes its ledger. Each segment is one message
 * and one transaction that also writes the ledger; a statement that cannot run in a transaction runs alone, between
 * two such transactions.
 *
 * @param create what to create with the first segment
 * @throws StepError when the server refuses or the connection breaks; ResumeError when the part that an
 *   earlier attempt applied is not the same any more
 */
export async function runStep(
  session: Channel,
  target: Target,
  step: Step,
  script: Script,
  create: Creation,
  context: StepContext,
): Promise<void> {
  refuseEdited(step, script);
  const run: Run = { session, target, step, script, context };
  if (step.action === "repair" || step.action === "stamp") return writeLedger(run, create);
  for (const segment of segmentsIn(run)) {
    stopIfCancelled(context.cancel, segment);
    await runSegment(run, segment, openingOf(run, segment, create));
  }
}

/** The segments that a step has left to run. */
export function segmentsIn({ script, step }: Run): readonly Segment[] {
  const segments = segmentsOf(script.statements, step.resumeAt);
  // A file without statements, or one that was cut off behind its last one, still gets its entry.
  return segments.length > 0
    ? segments
    : [{ transactional: true, start: step.resumeAt, statements: [] }];
}

/**
 * How a segment begins: a step's first one where the plan saw the ledger, another one behind the one before it.
 *
 * @param create what to create with the first segment
 */
export function openingOf(run: Run, { start }: Segment, create: Creation): Opening {
  const { session, target, step, script } = run;
  if (start > step.resumeAt) {
    const { checksum } = script.migration;
    const expectation = progressIs(target.schema, progressTag(step), checksum, start, false);
    return { expectation, create: "nothing", prelude: [] };
  }
  const expectation = ledgerIs(target.schema, step.ledger, create);
  return { expectation, create, prelude: slateFor(session) };
}

/** Runs a segment and writes the ledger, in the ways that its statements allow. */
export function runSegment(run: Run, segment: Segment, opening: Opening): Promise<void> {
  return segment.transactional
    ? runTogether(run, segment, opening)
    : runAlone(run, segment, opening);
}

/** What was applied or begun must be what stands in the file: nobody could say what the target holds. */
function refuseEdited(step: Step, script: Script): void {
  const message = editedPart(step, script);
  if (message !== undefined) throw new ResumeError(message);
}

/** What is wrong when the part of a migration that was applied or begun is not the same any more. */
export function editedPart(
  { tag, resumeAt, resumeChecksum, begun }: Step,
  { statements }: Script,
): string | undefined {
  const reached = resumeAt + (begun ? 1 : 0);
  if (reached === 0 || isChecksumOf(statements, reached, resumeChecksum)) return undefined;
  return begun
    ? `statement ${reached} of ${tag}, or one before it, was edited after it had been begun`
    : reached === 1
      ? `the first statement of ${tag} was edited after it had been applied`
      : `the first ${reached} statements of ${tag} were edited after they had been applied`;
}

/** Begin, guard, statements, ledger entry and commit as one message. */
async function runTogether(run: Run, segment: Segment, opening: Opening): Promise<void> {
  const { target, script } = run;
  const settings = settingsOf(run, segment);
  await send(run.session, segment, {
    before: [
      begin,
      ...opening.prelude,
      ...guard({
        target,
        sharedSchemas: script.sharedSchemas,
        settings,
        role: roleOf(run),
        own: ownTags(run.step),
        scope: "transaction",
        ...opening,
      }),
    ],
    own: segment.statements.map((statement) => textFor(run, statement)),
    after: [
      ...record(run, segment.start + segment.statements.length, false),
      ...end,
      // Whoever gets a pooled backend next must not inherit what the migration set in it.
      ...(run.session.pooled ? slateFor(run.session) : []),
    ],
    withinMs: scriptTimeout(run.context.timeouts.statement, segment.statements.length),
  });
}

/** Writes into the ledger and runs nothing: the checksum that a file has now, or a whole ledger. */
async function writeLedger(run: Run, create: Creation): Promise<void> {
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
  const writes =
    entries === undefined
      ? [
          recordChecksum(schema, tag, checksum),
          ...ledgerIsIntact(schema, [tag], entryIs(schema, tag, checksum)),
        ]
      : [...recordStamp(schema, entries, context.by), ...ledgerSays(schema, entries)];
  await send(session, segment, {
    before: [begin, ...slateFor(session), ...open],
    after: [nothingDeferred, ownPath, ...writes, "COMMIT"],
  });
}

function settingsOf({ context, script, session }: Run, segment: Segment): Map<string, string> {
  const { lock, statement, idleInTransaction } = context.timeouts;
  const whole = segment.statements.length === script.statements.length && !session.pooled;
  return new Map([
    ...session.settings,
    ["lock_timeout", String(lock)],
    ["statement_timeout", String(statement)],
    ["idle_in_transaction_session_timeout", String(idleInTransaction)],
    // Safe for a whole migration: a crash loses it together with its entry, and the worker flushes before it reports.
    // Not so through a pooler, which hides that the server crashed in between.
    ["synchronous_commit", whole ? "off" : "on"],
  ]);
}
