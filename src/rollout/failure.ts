import { counted } from "../core/count.ts";
import { messageOf } from "../core/errors.ts";
import { ledgerName } from "../core/ledger.ts";
import type { Statement } from "../core/migration.ts";
import type { Failure, LockHolder } from "../core/outcome.ts";
import type { Target } from "../core/target.ts";
import { sealTrigger } from "../ledger/seal.ts";
import { serverRemedy } from "../postgres/server-trouble.ts";
import { isConnectionLoss, isRetryable, sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import type { ExistingObject } from "./existing.ts";
import { changedLedger } from "./guard.ts";
import { CancelledError, type PipelinePart, StepError } from "./pipeline.ts";
import { generalRemedy, remedyFor } from "./remedies.ts";
import { shortLine } from "./short-line.ts";
import { ResumeError } from "./step.ts";
import type { MigrationScript } from "./step-run.ts";

/** What is known about a failed step. */
export interface FailedStep {
  readonly target: Target;
  readonly script: MigrationScript;
  /** The holders of the lock that the step waited for. */
  readonly holders: readonly LockHolder[];
  /** The object that the migration tried to create. */
  readonly existing?: ExistingObject | undefined;
  /** True when the user cancelled running statements. */
  readonly cancelled: boolean;
}

/** Describes the failure of a step: PostgreSQL's message, the place in the migration if it caused it, and a remedy. */
export function failureOf(error: unknown, step: FailedStep): Failure {
  const { target, script, holders, existing, cancelled } = step;
  const { migration, statements } = script;
  if (script.inspect !== undefined) return fixFailureOf(error, step);
  if (error instanceof ResumeError) {
    return {
      message: error.message,
      tag: migration.tag,
      file: migration.file,
      retryable: false,
      remedy: `Restore that part of ${migration.file}, then run the same command again. Only statements that are not applied yet can be changed.`,
    };
  }
  const stepError = error instanceof StepError ? error : undefined;
  const cause = stepError?.cause ?? error;
  // A ledger that was dropped and created again has no trigger to seal.
  if ([changedLedger, sealTrigger].some((name) => messageOf(cause).includes(name)))
    return ledgerChanged(migration);
  const part = stepError?.part ?? "migration";
  const state = sqlstateOf(cause);
  const stopped =
    cancelled && (state === sqlstate.queryCanceled || cause instanceof CancelledError);
  const remedy = stopped
    ? "The migration was cancelled on request. To continue, run the same command again."
    : remedyFor(cause, { part, script, statement: stepError?.statement, target, existing });
  return {
    message: `${prefixOf(part, state, target)}${messageOf(cause)}`,
    tag: migration.tag,
    ...(part === "migration" ? { file: migration.file } : {}),
    ...(state === undefined ? {} : { sqlstate: state }),
    ...textOf(cause, "detail", "detail"),
    ...textOf(cause, "hint", "hint"),
    ...contextOf(cause),
    ...(stepError?.statement === undefined ? {} : placeOf(stepError.statement, stepError.lines)),
    ...(holders.length > 0 ? { holders } : {}),
    ...(existing === undefined ? {} : { existing: existingText(existing) }),
    retryable: stopped || isRetryable(cause) || serverRemedy(state) !== undefined,
    remedy: `${nextRun(cause, stepError, statements.length)} ${remedy}`,
  };
}

/** Describes the failure of a repair of drift, whose statements are in no file. */
function fixFailureOf(error: unknown, step: FailedStep): Failure {
  const { script, holders, cancelled } = step;
  const stepError = error instanceof StepError ? error : undefined;
  const cause = stepError?.cause ?? error;
  const state = sqlstateOf(cause);
  const stopped =
    cancelled && (state === sqlstate.queryCanceled || cause instanceof CancelledError);
  const remedy = stopped
    ? "The repair was cancelled on request."
    : (generalRemedy(state) ?? "Correct the rows or the schema.");
  const changed = stepError?.statement?.transactional === false ? "" : "Nothing was changed. ";
  return {
    message: messageOf(cause),
    tag: script.migration.tag,
    ...(state === undefined ? {} : { sqlstate: state }),
    ...textOf(cause, "detail", "detail"),
    ...textOf(cause, "hint", "hint"),
    // The message of a check says all.
    ...(stepError?.statement === undefined || /^DO /.test(stepError.statement.original)
      ? {}
      : { statement: shortLine(stepError.statement.original) }),
    ...(holders.length > 0 ? { holders } : {}),
    retryable: stopped || isRetryable(cause) || serverRemedy(state) !== undefined,
    remedy: `${changed}${remedy} To see what is left, run: npx drizzle-fleet drift`,
  };
}

function ledgerChanged({ tag, file }: MigrationScript["migration"]): Failure {
  return {
    message: `the migration, or a trigger or rule on ${ledgerName}, changed the ledger`,
    tag,
    file,
    retryable: false,
    remedy: `Nothing was applied. Remove ${ledgerName} from ${file}, and drop any trigger or rule on that table. Only drizzle-fleet is allowed to write to it.`,
  };
}

/** The existing object and what created it, without the tenant's name, so that equal failures can be grouped. */
function existingText({ description, madeBy }: ExistingObject): string {
  if (madeBy === undefined)
    return `${description}; no earlier migration names it: it was created by hand or by another program`;
  const { tag, file, line } = madeBy;
  return `${description}; created by ${tag} (${file}:${line})`;
}

function placeOf(statement: Statement, lines: number): Pick<Failure, "line" | "statement"> {
  return { line: statement.line + lines, statement: shortLine(statement.original) };
}

/** Tells errors of the tool's own statements from those of the migration. The guard's own refusals need no prefix. */
function prefixOf(part: PipelinePart, state: string | undefined, { schema }: Target): string {
  if (part === "migration" || state === undefined || ownStates.has(state)) return "";
  // The guard and the entry wait for no other lock.
  if (state === sqlstate.lockNotAvailable)
    return `the ledger of schema "${schema}" is locked by another session: `;
  return part === "guard"
    ? `schema "${schema}" could not be prepared for the migration: `
    : `the migration's entry could not be written into the ledger of schema "${schema}": `;
}

const ownStates = new Set<string>([
  sqlstate.targetLocked,
  sqlstate.ledgerMoved,
  sqlstate.wrongSchema,
]);

/** What was applied, and what the next run will do. */
function nextRun(cause: unknown, error: StepError | undefined, statements: number): string {
  const { statement, batches, committed = 0 } = error ?? {};
  if (batches !== undefined)
    return `Batches of statement ${committed + 1} are committed, up to row ${batches.rows}; the next run continues after them.`;
  if (isConnectionLoss(cause)) return "The next run finds out whether this migration was applied.";
  if (committed === 0 && statement?.transactional === false)
    return "The next run cleans up what this statement left, and continues with it.";
  if (committed === 0) return "This migration changed nothing; the next run tries it again.";
  return committed === 1
    ? `The first of ${counted(statements, "statement")} is committed; the next run continues after it.`
    : `The first ${committed} of ${statements} statements are committed; the next run continues after them.`;
}

function textOf<Key extends "detail" | "hint" | "context">(
  error: unknown,
  field: string,
  key: Key,
): { readonly [key in Key]?: string } {
  const text = typeof error === "object" && error !== null ? Reflect.get(error, field) : undefined;
  return typeof text === "string" && text !== "" ? ({ [key]: text } as Record<Key, string>) : {};
}

/** PostgreSQL's context without DO blocks: the tool's own are not reported, the migration's are by file and line. */
function contextOf(error: unknown): Pick<Failure, "context"> {
  const { context } = textOf(error, "where", "context");
  const lines = context?.split("\n").filter((line) => !line.includes("inline_code_block")) ?? [];
  return lines.length === 0 ? {} : { context: lines.join("\n") };
}
