import { createHash } from "node:crypto";
import type { Timeouts } from "../config/schema.ts";
import type { BatchPosition } from "../core/batch.ts";
import type { Migration, Segment, Statement } from "../core/migration.ts";
import type { Creation, Step } from "../core/plan.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { Target } from "../core/target.ts";
import { fill } from "../core/template.ts";
import { downTag } from "../ledger/down-tag.ts";
import { checksumWithPosition } from "../ledger/position.ts";
import { sealing } from "../ledger/seal.ts";
import { deleteEntries, ledgerOf, type Progress, recordProgress } from "../ledger/table.ts";
import { scriptTimeout } from "../postgres/answer.ts";
import type { Channel } from "../postgres/channel.ts";
import { revokeWritesOfOthers } from "../postgres/privileges.ts";
import type { Session } from "../postgres/session.ts";
import { withLineEnds } from "../source/line-ends.ts";
import {
  checkDeferred,
  hasEntry,
  hasNoEntries,
  ledgerIsIntact,
  ownSearchPath,
  tenantSearchPath,
} from "./guard.ts";
import type { Throttle } from "./throttle.ts";

/** A parsed migration or down. For a down, the migration's file, checksum and text are those of the down. */
export interface MigrationScript {
  readonly migration: Migration;
  readonly statements: readonly Statement[];
  /** Schemas that follow the tenant schema on the search_path. */
  readonly sharedSchemas: readonly string[];
  /** For a fix in a session: compares the target with what is expected, in the transaction of the session. */
  readonly inspect?: (session: Session, target: Target) => Promise<Inspection>;
}

/** How a target that is to be repaired compares with what is expected. */
export type Inspection =
  | { readonly kind: "drifted" | "repaired" }
  /** It differs in another way than the repair was made for. */
  | { readonly kind: "changed"; readonly message: string };

/** What is the same for all steps of a rollout. */
export interface StepContext {
  readonly timeouts: Timeouts;
  /** The role that is granted access to what is created for a target. */
  readonly roleOf?: ((target: Target) => string | undefined) | undefined;
  /** Program and version, for the ledger's `applied_by`. */
  readonly by: string;
  /** When aborted, no further migration starts, and no further batch. */
  readonly stop?: AbortSignal;
  /** When aborted, running statements are cancelled. */
  readonly cancel?: AbortSignal;
  /** What to do between two batches; by default nothing. */
  readonly throttle?: Throttle;
  /** True if a step may leave the session prepared for the next one, because nothing else uses it without a reset. */
  readonly preparesSession?: boolean;
}

/** A running step. */
export interface StepRun {
  readonly session: Channel;
  readonly target: Target;
  readonly step: Step;
  readonly script: MigrationScript;
  readonly context: StepContext;
  /** True if the step seals the ledger, see `ledger/seal.ts`. */
  readonly sealed: boolean;
  /** Is told about the batches of a statement. */
  readonly onBatch?: BatchObserver;
}

/** Receives what happens to a statement that runs in batches. */
export interface BatchObserver {
  /** PostgreSQL's estimate of the number of rows in the table, if it has one. */
  readonly estimated: (rows: number | undefined) => void;
  readonly begins: () => void;
  readonly committed: (position: BatchPosition) => void;
  /** It waits before the next batch, for this reason. */
  readonly waits: (reason: string) => void;
}

/** How the transaction of a segment begins. */
export interface Opening {
  /** The condition that the ledger must meet, as SQL. */
  readonly expectation: string;
  readonly create: Creation;
  /** The digest of the ledger's other entries, if the plan knows it. */
  readonly others?: string;
  /** Otherwise the tags of the step's own entries: the guard computes and stores the digest of all others. */
  readonly own?: readonly string[];
  /** The digest to seal the ledger with, if the guard checks the complete ledger and the segment completes the step. */
  readonly seal?: string;
  /** Statements that reset the session first. */
  readonly reset: readonly string[];
}

/** Begins a transaction. It leaves READ WRITE out, to respect `default_transaction_read_only` (docs/ARCHITECTURE.md). */
export const begin = "BEGIN ISOLATION LEVEL READ COMMITTED";

/**
 * Ends a transaction that ran a migration's SQL. The next transaction takes this setting when it begins, before its session
 * reset, so a value that a migration set would affect the next tenant.
 */
export const end = ["RESET default_transaction_read_only", "COMMIT"];

/** Begins a transaction whose queries all read the same snapshot. */
export const beginSnapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ";

/** How long to wait for the answer to a statement that runs alone, in milliseconds. */
export function timeoutAlone({ timeouts }: StepContext): number {
  return scriptTimeout(timeouts.concurrently, 1);
}

/** The role to grant access to what a run creates. */
export function roleOf({ target, context }: StepRun): string | undefined {
  return context.roleOf?.(target);
}

/** A statement's SQL with the tenant schema filled in. */
export function textFor({ target }: StepRun, { sql }: Statement): string {
  return fill(sql, quoteIdentifier(target.schema));
}

/** The tag that a step's progress is recorded under. A running down has its own entry, besides that of its migration. */
export function progressTag({ action, tag, recordedAs = tag }: Step): string {
  return action === "downgrade" ? downTag(recordedAs) : tag;
}

/**
 * SQL that records the progress of a step in the ledger. A completed down deletes the migration's entry; a step that
 * changed nothing deletes its own.
 *
 * @param opening how the transaction began
 */
export function record(
  run: StepRun,
  applied: number,
  begun: boolean,
  opening: Pick<Opening, "others" | "seal"> = {},
): string[] {
  const { target, step, script } = run;
  const { statements, migration } = script;
  const { schema } = target;
  const tag = progressTag(step);
  const own = ownTags(step);
  if (!begun && applied === statements.length && step.action === "downgrade")
    return ledgerWrite(run, deleteEntries(schema, own), hasNoEntries(schema, own), opening);
  if (!begun && applied === 0 && statements.length > 0)
    return ledgerWrite(run, deleteEntries(schema, [tag]), hasNoEntries(schema, [tag]), opening);
  return ledgerWrite(
    run,
    recordProgress(schema, progressOf(run, applied, begun)),
    hasEntry(schema, { tag, checksum: migration.checksum, applied }),
    opening,
  );
}

/**
 * SQL that records how far a statement has run in batches.
 *
 * @param start the number of statements before it
 */
export function recordBatch(
  run: StepRun,
  start: number,
  position: BatchPosition,
  opening: Pick<Opening, "others">,
): string[] {
  const { step, script, target } = run;
  const { checksum } = script.migration;
  const progress = {
    ...progressOf(run, start, true),
    appliedChecksum: batchChecksum(script.statements, start, position),
  };
  const isWritten = hasEntry(target.schema, { tag: progressTag(step), checksum, applied: start });
  return ledgerWrite(run, recordProgress(target.schema, progress), isWritten, opening);
}

/** What the ledger's `applied_checksum` is while a statement, after `start` others, has run up to a position. */
export function batchChecksum(
  statements: readonly Statement[],
  start: number,
  position: BatchPosition,
): string {
  return checksumWithPosition(checksumOf(statements, start + 1), position);
}

/** What the ledger says when some or all statements of a step are applied. */
export function progressOf(
  { step, script, context }: StepRun,
  applied: number,
  begun: boolean,
): Progress {
  const { statements, migration } = script;
  return {
    tag: progressTag(step),
    checksum: migration.checksum,
    statements: statements.length,
    applied,
    appliedChecksum: checksumOf(statements, applied + (begun ? 1 : 0)),
    begun,
    by: context.by,
  };
}

/**
 * Writes to the ledger and checks the result. A trigger may have deferred work to the commit again, so the search_path is
 * set back to the tenant schema.
 */
function ledgerWrite(
  { target, step, script }: StepRun,
  write: string,
  isWritten: string,
  { others, seal: digest }: Pick<Opening, "others" | "seal">,
): string[] {
  const { schema } = target;
  // GRANT ... ON ALL TABLES is meant for the tenant's tables, but includes the ledger.
  const grants = script.statements.some(({ original }) => /\ball\s+tables\b/i.test(original));
  return [
    checkDeferred,
    ownSearchPath,
    ...sealing(schema, digest, [write]),
    ...(grants ? [revokeWritesOfOthers(ledgerOf(schema))] : []),
    ...ledgerIsIntact(schema, ownTags(step), isWritten, others),
    `SET LOCAL search_path = ${tenantSearchPath(target, script.sharedSchemas)}`,
  ];
}

/** The tags of the entries that a step writes: its own, and for a down also that of its migration. */
export function ownTags(step: Step): string[] {
  const tag = progressTag(step);
  return step.action === "downgrade" ? [step.recordedAs ?? step.tag, tag] : [tag];
}

/** The sha256, as hex, of the text of the first `count` statements. */
function checksumOf(statements: readonly Pick<Statement, "original">[], count: number): string {
  const hash = createHash("sha256");
  for (const { original } of statements.slice(0, count)) hash.update(original).update("\0");
  return hash.digest("hex");
}

/** True when a checksum is that of the first `count` statements, with either kind of line ends. */
export function haveChecksum(
  statements: readonly Statement[],
  count: number,
  checksum: string,
): boolean {
  if (checksumOf(statements, count) === checksum) return true;
  const texts = statements.slice(0, count).map(({ original }) => withLineEnds(original));
  return [0, 1].some(
    (end) =>
      checksumOf(
        texts.map((text) => ({ original: text[end] ?? "" })),
        count,
      ) === checksum,
  );
}

/** The settings of a transaction that runs statements of a script. */
export function settingsOf(
  { context, script, session }: StepRun,
  segment: Segment,
): Map<string, string> {
  const { lock, statement, idleInTransaction } = context.timeouts;
  const isComplete = segment.statements.length === script.statements.length && !session.pooled;
  return new Map([
    ...session.settings,
    ["lock_timeout", String(lock)],
    ["statement_timeout", String(statement)],
    ["idle_in_transaction_session_timeout", String(idleInTransaction)],
    // Safe for a complete migration: a crash loses it together with its entry, and the worker flushes before it reports.
    // Not safe through a pooler, which hides a crash of the server from the worker.
    ["synchronous_commit", isComplete ? "off" : "on"],
  ]);
}
