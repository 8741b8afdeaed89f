import { messageOf } from "../core/errors.ts";
import { ledgerName } from "../core/ledger.ts";
import type { Statement } from "../core/migration.ts";
import type { Failure, LockHolder } from "../core/outcome.ts";
import type { Target } from "../core/target.ts";
import { ledgerOf } from "../ledger/table.ts";
import { serverRemedy } from "../postgres/server-trouble.ts";
import { isConnectionLoss, sqlstate, sqlstateOf } from "../postgres/sqlstate.ts";
import { changedLedger } from "./guard.ts";
import { CancelledError, type Part, StepError } from "./message.ts";
import { oneLine } from "./one-line.ts";
import type { Script } from "./run.ts";
import { ResumeError } from "./step.ts";

/** Where a step stopped. */
export interface FailedStep {
  readonly target: Target;
  readonly script: Script;
  /** Who holds the lock that was in the way. */
  readonly holders: readonly LockHolder[];
  /** True when the user had what runs cancelled. */
  readonly cancelled: boolean;
}

/** Says what stopped a step: PostgreSQL's words, the migration's own file and line if it was that, and what to do. */
export function failureOf(error: unknown, step: FailedStep): Failure {
  const { target, script, holders, cancelled } = step;
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
    : remedyFor(state, part, migration.tag, target);
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
  return `The first ${committed} of ${statements} statements are committed; the next run continues after them.`;
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

/** Remedies for what may stop any statement, also the tool's own. */
const remedies: Readonly<Record<string, string>> = {
  [sqlstate.insufficientPrivilege]:
    "Give the migrating role the right that is named, then run the same command again.",
  [sqlstate.lockNotAvailable]:
    "Another session holds a lock on the table: run the same command again when it is done, or end it.",
  [sqlstate.queryCanceled]:
    "The statement took longer than its timeout: raise timeouts in the configuration, or split it.",
  [sqlstate.targetLocked]:
    "Another runner holds this target; see what it does, or run the same command again later.",
  [sqlstate.wrongSchema]: "Create the tenant schema, or give the migrating role USAGE on it.",
};

const migrationRemedies: Readonly<Record<string, string>> = {
  "2D000":
    "A procedure that commits cannot be called in a migration: write its steps as sections of the file, each in BEGIN; ... COMMIT;",
  [sqlstate.uniqueViolation]: "Fix this tenant's duplicate rows, then run the same command again.",
  "23502": "Fix this tenant's rows that hold null, then run the same command again.",
  "23503": "Fix this tenant's rows that refer to nothing, then run the same command again.",
  "23514": "Fix this tenant's rows that break the check, then run the same command again.",
  "42601":
    "This server is older than the syntax: correct the migration if it was never released, or upgrade the server.",
  "0A000": "PostgreSQL does not support this here; correct the migration if it was never released.",
};

/** duplicate_table, _column, _object, _schema, _function: what the migration makes exists already. */
const duplicates = new Set(["42P07", "42701", "42710", "42P06", "42723"]);

/** invalid_column_reference: ON CONFLICT names a column without a key. */
const noSuchKey = "42P10";

function remedyFor(
  state: string | undefined,
  part: Part,
  tag: string,
  { schema, service, tenant }: Target,
): string {
  const general = remedies[state ?? ""] ?? serverRemedy(state);
  if (general !== undefined) return general;
  if (part === "ledger" && state === noSuchKey)
    return `The ledger has lost its primary key. Restore it: ALTER TABLE ${ledgerOf(schema)} ADD PRIMARY KEY (tag)`;
  if (part !== "migration")
    return "This is not the migration's fault: fix what the message names, then run the same command again.";
  if (duplicates.has(state ?? "")) {
    const only = tenant === undefined ? "" : ` --tenant ${tenant}`;
    return `If it is what the migration makes, record the migration without running it: drizzle-fleet stamp ${tag} --service ${service}${only}. Otherwise move it away, then run the same command again.`;
  }
  return (
    migrationRemedies[state ?? ""] ??
    "Fix this tenant, or correct the migration if it was never released, then run the same command again."
  );
}
