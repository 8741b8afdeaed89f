import { counted } from "../core/count.ts";
import { messageOf } from "../core/errors.ts";
import { ledgerName } from "../core/ledger.ts";
import type { Statement } from "../core/migration.ts";
import type { Failure, LockHolder } from "../core/outcome.ts";
import type { Target } from "../core/target.ts";
import { isConnectionLoss, sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import type { Existing } from "./existing.ts";
import { changedLedger } from "./guard.ts";
import { CancelledError, type Part, StepError } from "./message.ts";
import { oneLine } from "./one-line.ts";
import { remedyFor } from "./remedies.ts";
import type { Script } from "./run.ts";
import { ResumeError } from "./step.ts";

/** Where a step stopped. */
export interface FailedStep {
  readonly target: Target;
  readonly script: Script;
  /** Who holds the lock that was in the way. */
  readonly holders: readonly LockHolder[];
  /** What is there already where the migration makes something. */
  readonly existing?: Existing | undefined;
  /** True when the user had what runs cancelled. */
  readonly cancelled: boolean;
}

/** Says what stopped a step: PostgreSQL's words, the migration's own file and line if it was that, and what to do. */
export function failureOf(error: unknown, step: FailedStep): Failure {
  const { target, script, holders, existing, cancelled } = step;
  const { migration, statements } = script;
  if (error instanceof ResumeError) {
    return {
      message: error.message,
      tag: migration.tag,
      file: migration.file,
      remedy: `Restore that part of ${migration.file}; only what was not applied yet may change.`,
    };
  }
  const stepError = error instanceof StepError ? error : undefined;
  const cause = stepError?.cause ?? error;
  if (messageOf(cause).includes(changedLedger)) return ledgerChanged(migration);
  const part = stepError?.part ?? "migration";
  const state = sqlstateOf(cause);
  const committed = stepError?.committed ?? 0;
  const stopped =
    cancelled && (state === sqlstate.queryCanceled || cause instanceof CancelledError);
  const remedy = stopped
    ? "It was cancelled on request: run the same command again when you like."
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
    remedy: `${remedy} ${whatRemains(cause, stepError?.statement, committed, statements.length)}`,
  };
}

function ledgerChanged({ tag, file }: Script["migration"]): Failure {
  return {
    message: `the migration, or a trigger or rule on ${ledgerName}, changed what the ledger says`,
    tag,
    file,
    remedy: `Nothing was applied. Remove ${ledgerName} from ${file}, and drop any trigger or rule on that table: only the runner may write the ledger.`,
  };
}

/** What is there and who made it, without the tenant's name: many tenants may have the same. */
function existingText({ what, madeBy }: Existing): string {
  if (madeBy === undefined)
    return `${what}; no migration before this one names it: it was made by hand or by another program`;
  const { tag, file, line } = madeBy;
  return `${what}; made by ${tag} (${file}:${line})`;
}

function placeOf(statement: Statement, lines: number): Pick<Failure, "line" | "statement"> {
  return { line: statement.line + lines, statement: oneLine(statement.original) };
}

/** What comes before and after a migration is not the migration's fault. The guard's own refusals speak for themselves. */
function prefixOf(part: Part, state: string | undefined, { schema }: Target): string {
  if (part === "migration" || state === undefined || ownStates.has(state)) return "";
  return part === "guard"
    ? `schema "${schema}" could not be prepared for the migration: `
    : `the migration's entry could not be written into the ledger of schema "${schema}": `;
}

const ownStates = new Set<string>([
  sqlstate.targetLocked,
  sqlstate.ledgerMoved,
  sqlstate.wrongSchema,
]);

function whatRemains(
  cause: unknown,
  statement: Statement | undefined,
  committed: number,
  statements: number,
): string {
  if (isConnectionLoss(cause)) return "Whether this migration was applied, the next run finds out.";
  if (committed === 0 && statement?.transactional === false)
    return "The next run looks at what this statement left, and continues with it.";
  if (committed === 0) return "This migration changed nothing here; the next run tries again.";
  const done =
    committed === 1
      ? `The first of ${counted(statements, "statement")} is`
      : `The first ${committed} of ${statements} statements are`;
  return `${done} committed; the next run continues after them.`;
}

function textOf<Key extends "detail" | "hint" | "context">(
  error: unknown,
  field: string,
  key: Key,
): { readonly [key in Key]?: string } {
  const text = typeof error === "object" && error !== null ? Reflect.get(error, field) : undefined;
  return typeof text === "string" && text !== "" ? ({ [key]: text } as Record<Key, string>) : {};
}

/** A DO block of the migration's is told by its file and line, one of the tool's own by nothing. */
function contextOf(error: unknown): Pick<Failure, "context"> {
  const { context } = textOf(error, "where", "context");
  const lines = context?.split("\n").filter((line) => !line.includes("inline_code_block")) ?? [];
  return lines.length === 0 ? {} : { context: lines.join("\n") };
}
