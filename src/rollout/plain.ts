import type { Segment } from "../core/migration.ts";
import type { Creation } from "../core/plan.ts";
import { quoteLiteral } from "../core/quoting.ts";
import { seal, sealKeeping } from "../ledger/seal.ts";
import { addEntry } from "../ledger/table.ts";
import { scriptTimeout } from "../postgres/answer.ts";
import type { Channel } from "../postgres/channel.ts";
import { ownPath, sessionReset } from "./guard.ts";
import { sendPipeline } from "./pipeline.ts";
import { plainGuard, prepareGuard } from "./plain-guard.ts";
import { begin, progressOf, roleOf, type StepContext, type StepRun, textFor } from "./step-run.ts";

/** A step that `runPlain` can run. */
export interface PlainStep {
  readonly segment: Segment;
  readonly create: Exclude<Creation, "whatIsMissing">;
}

/**
 * A step that only defines objects (`sql/plain.ts`), in one transaction, in a target with a sealed ledger. It can leave
 * nothing in the session, defer nothing to the commit, and cannot write to the ledger; and nothing can keep its entry from
 * being written. So the session is prepared once for many such steps, and nothing is checked after the migration.
 *
 * @param segments the segments that are left to run
 * @param create what to create with the first one
 * @returns undefined if it is another step, or the session cannot be prepared
 */
export function plainStepOf(
  { session, step, script, context, sealed }: StepRun,
  segments: readonly Segment[],
  create: Creation,
): PlainStep | undefined {
  const [segment] = segments;
  const isNew = step.action === "apply" && step.resumeAt === 0 && !step.begun;
  const isOne = segments.length === 1 && segment?.transactional === true;
  if (!sealed || !isNew || !isOne || segment === undefined || create === "whatIsMissing")
    return undefined;
  if (session.pooled || context.preparesSession !== true) return undefined;
  if (!script.statements.every(({ plain }) => plain)) return undefined;
  return { segment, create };
}

/** Runs a plain step. */
export function runPlain(run: StepRun, { segment, create }: PlainStep): Promise<void> {
  const { session, target, step, script, context } = run;
  const { schema } = target;
  const { statements } = script;
  const guard = plainGuard({
    target,
    sharedSchemas: script.sharedSchemas,
    seal: step.ledger,
    create,
    role: roleOf(run),
  });
  const entry = addEntry(schema, progressOf(run, statements.length, false));
  return sendPipeline(session, segment, {
    prepared: preparation(session, context),
    before: [begin, ...guard],
    own: statements.map((statement) => textFor(run, statement)),
    after: [entry, seal(schema, step.ledgerAfter), "COMMIT"],
    withinMs: scriptTimeout(context.timeouts.statement, statements.length),
  });
}

/** What prepares a session for plain steps: a clean state, and the settings of every step until something else is run. */
function preparation(session: Channel, { timeouts }: StepContext): string {
  const settings: (readonly [name: string, value: string])[] = [
    ...session.settings,
    ["lock_timeout", String(timeouts.lock)],
    ["statement_timeout", String(timeouts.statement)],
    ["idle_in_transaction_session_timeout", String(timeouts.idleInTransaction)],
    // A crash loses a migration together with its entry, and the worker flushes before it reports.
    ["synchronous_commit", "off"],
    ["search_path", ownPath],
    sealKeeping,
  ];
  const set = settings.map(
    ([name, value]) =>
      `pg_catalog.set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, false)`,
  );
  const statements = [...sessionReset(session), `SELECT ${set.join(", ")}`, ...prepareGuard];
  return [begin, ...statements, "COMMIT"].join(";\n");
}
