import { messageOf } from "../core/errors.ts";
import { ledgerName } from "../core/ledger.ts";
import type { Statement } from "../core/migration.ts";
import type { Failure, LockHolder } from "../core/outcome.ts";
import { serverRemedy } from "../postgres/server-trouble.ts";
import { isConnectionLoss, sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import { changedLedger } from "./guard.ts";
import { CancelledError, StepError } from "./message.ts";
import { oneLine } from "./one-line.ts";
import type { Script } from "./run.ts";
import { ResumeError } from "./step.ts";

/**
 * Says what stopped a step: the migration's own file and line, PostgreSQL's words, and what to do.
 *
 * @param holders who holds the lock that was in the way
 * @param cancelled true when the user had what runs cancelled
 */
export function failureOf(
  error: unknown,
  script: Script,
  holders: readonly LockHolder[],
  cancelled: boolean,
): Failure {
  const { migration, statements } = script;
  if (error instanceof ResumeError) {
    return {
      message: error.message,
      tag: migration.tag,
      file: migration.file,
      remedy: `Restore that part of ${migration.file}; only what was not applied yet may change.`,
    };
  }
  const step = error instanceof StepError ? error : undefined;
  if (messageOf(step?.cause ?? error).includes(changedLedger)) return ledgerChanged(migration);
  const cause = step?.cause ?? error;
  const state = sqlstateOf(cause);
  const committed = step?.committed ?? 0;
  const stopped =
    cancelled && (state === sqlstate.queryCanceled || cause instanceof CancelledError);
  return {
    message: messageOf(cause),
    tag: migration.tag,
    file: migration.file,
    ...(state === undefined ? {} : { sqlstate: state }),
    ...textOf(cause, "detail"),
    ...textOf(cause, "hint"),
    ...(step?.statement === undefined
      ? {}
      : { line: step.statement.line + step.lines, statement: oneLine(step.statement.original) }),
    ...(holders.length > 0 ? { holders } : {}),
    remedy: `${remedyFor(state, stopped)} ${whatRemains(cause, step?.statement, committed, statements.length)}`,
  };
}

function ledgerChanged({ tag, file }: Script["migration"]): Failure {
  return {
    message: `the migration, or a trigger or rule on ${ledgerName}, changed what the ledger says`,
    tag,
    file,
    remedy: `Nothing was applied. Leave ${ledgerName} out of ${file}, and drop what was put on that table: the ledger is written by the runner alone.`,
  };
}

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
  return `The first ${committed} of ${statements} statements are committed; the next run continues after them.`;
}

function textOf(
  error: unknown,
  key: "detail" | "hint",
): Partial<Record<"detail" | "hint", string>> {
  const text = typeof error === "object" && error !== null ? Reflect.get(error, key) : undefined;
  return typeof text === "string" ? { [key]: text } : {};
}

const remedies: Readonly<Record<string, string>> = {
  [sqlstate.uniqueViolation]: "Mend this tenant's duplicate rows, then run the same command again.",
  "23502": "Mend this tenant's rows that hold null, then run the same command again.",
  "23503": "Mend this tenant's rows that refer to nothing, then run the same command again.",
  "23514": "Mend this tenant's rows that break the check, then run the same command again.",
  "42P07":
    "Something of that name is in the tenant schema already, and no migration made it: move it away.",
  [sqlstate.insufficientPrivilege]:
    "Give the migrating role the right that is named, then run the same command again.",
  [sqlstate.lockNotAvailable]:
    "Another session holds a lock on the table: run the same command again when it is done, or end it.",
  [sqlstate.queryCanceled]:
    "The statement took longer than its timeout: raise timeouts in the configuration, or split it.",
  [sqlstate.targetLocked]:
    "Another runner holds this target; see what it does, or run the same command again later.",
  [sqlstate.wrongSchema]: "Create the tenant schema, or give the migrating role USAGE on it.",
  "42601":
    "This server is older than the syntax: correct the migration if it was never released, or upgrade the server.",
  "0A000": "PostgreSQL does not support this here; correct the migration if it was never released.",
};

function remedyFor(state: string | undefined, stopped: boolean): string {
  if (stopped) return "It was cancelled on request: run the same command again when you like.";
  return (
    remedies[state ?? ""] ??
    serverRemedy(state) ??
    "Mend this tenant, or correct the migration if it was never released, then run the same command again."
  );
}
