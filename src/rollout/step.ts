import { createHash } from "node:crypto";
import type { Timeouts } from "../config/schema.ts";
import type { Migration, Segment, Statement } from "../core/migration.ts";
import type { Creation, Step } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { fill } from "../core/template.ts";
import { recordProgress } from "../ledger/table.ts";
import { quoteIdentifier } from "../postgres/identifiers.ts";
import { lockKey } from "../postgres/lock.ts";
import { ScriptError } from "../postgres/script.ts";
import type { Session } from "../postgres/session.ts";
import { segmentsOf } from "../sql/segments.ts";
import { guard, ledgerIs, progressIs } from "./guard.ts";

/** A migration made ready to run. */
export interface Script {
  readonly migration: Migration;
  readonly statements: readonly Statement[];
  /** Schemas that follow the tenant's own on the search_path. */
  readonly sharedSchemas: readonly string[];
}

export interface StepContext {
  readonly timeouts: Timeouts;
  /** Who applies it, for the ledger: program and version. */
  readonly by: string;
}

/** Why a step stopped, at which of the migration's statements if at one, and what is committed all the same. */
export class StepError extends Error {
  override readonly name = "StepError";
  override readonly cause: unknown;
  readonly statement: Statement | undefined;
  /** How many lines into the statement PostgreSQL's complaint is, if it said. */
  readonly lines: number;
  /** How many of the migration's statements are committed. */
  readonly committed: number;

  constructor(cause: unknown, committed: number, statement?: Statement, lines = 0) {
    super(cause instanceof Error ? cause.message : String(cause));
    this.cause = cause;
    this.committed = committed;
    this.statement = statement;
    this.lines = lines;
  }
}

/** The already applied part of a file was changed: nobody can say what the target holds. */
export class ResumeError extends Error {
  override readonly name = "ResumeError";
}

/** sha256 hex of the text of the first `count` statements, as it stands in the file. */
function checksumOf(statements: readonly Statement[], count: number): string {
  const hash = createHash("sha256");
  for (const { original } of statements.slice(0, count)) hash.update(original).update("\0");
  return hash.digest("hex");
}

/**
 * Applies one migration to one target: each segment is one message and one transaction that also writes the
 * ledger; a statement that cannot run in a transaction runs alone, between two such transactions.
 *
 * @param create what to create with the first segment
 * @throws StepError when the server refuses or the connection breaks; ResumeError when the part that an
 *   earlier attempt applied is not the same any more
 */
export async function runStep(
  session: Session,
  target: Target,
  step: Step,
  script: Script,
  create: Creation,
  context: StepContext,
): Promise<void> {
  if (step.resumeAt > 0 && checksumOf(script.statements, step.resumeAt) !== step.resumeChecksum) {
    throw new ResumeError(
      `the first ${step.resumeAt} statements of ${step.tag} were edited after they had been applied`,
    );
  }
  const run = { session, target, step, script, context };
  const segments = segmentsOf(script.statements, step.resumeAt);
  // A file without statements, or one that was cut off behind its last one, still gets its entry.
  if (segments.length === 0)
    segments.push({ transactional: true, start: step.resumeAt, statements: [] });
  for (const [index, segment] of segments.entries()) {
    const expectation =
      index === 0
        ? ledgerIs(target.schema, step.ledger, create)
        : progressIs(target.schema, step.tag, script.migration.checksum, segment.start);
    const entry = { expectation, create: index === 0 ? create : ("nothing" as const) };
    if (segment.transactional) await runTogether(run, segment, entry);
    else await runAlone(run, segment, entry);
  }
}

interface Run {
  readonly session: Session;
  readonly target: Target;
  readonly step: Step;
  readonly script: Script;
  readonly context: StepContext;
}

interface Entry {
  readonly expectation: string;
  readonly create: Creation;
}

/** Begin, guard, statements, ledger entry and commit as one message. */
async function runTogether(run: Run, segment: Segment, entry: Entry): Promise<void> {
  const before = [
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
    guardOf(run, entry, "transaction", together(run, segment)),
  ];
  const after = [record(run, segment.start + segment.statements.length), "COMMIT"];
  const own = segment.statements.map(({ sql }) => fill(sql, quoteIdentifier(run.target.schema)));
  await send(run, segment, before, own, after);
}

/** One statement on its own; the ledger says before it that it may have begun, and after it that it is done. */
async function runAlone(run: Run, segment: Segment, entry: Entry): Promise<void> {
  const [statement] = segment.statements;
  if (statement === undefined) return;
  const begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
  const resumed = run.step.resumeAt === segment.start && run.step.resumeChecksum !== "";
  try {
    await send(run, segment, [
      begin,
      guardOf(run, entry, "session", alone(run)),
      record(run, segment.start),
      "COMMIT",
    ]);
    if (!(resumed && (await isDone(run, statement)))) {
      await send(run, segment, [], [fill(statement.sql, quoteIdentifier(run.target.schema))]);
    }
    await send(run, segment, [begin, record(run, segment.start + 1), "COMMIT"]);
  } finally {
    await tidy(run.session, leave(run.target));
  }
}

/** A session that cannot be tidied up is closed: the server then ends its transaction and frees its locks. */
async function tidy(session: Session, sql: string): Promise<void> {
  if (session.lost) return;
  await session.script(sql).catch(() => session.close());
}

/**
 * Looks at what an interrupted CREATE or DROP INDEX CONCURRENTLY left behind. An invalid index is dropped, so
 * that it is built anew.
 */
async function isDone(run: Run, statement: Statement): Promise<boolean> {
  if (statement.concurrentIndex === undefined) return false;
  const { action, name } = statement.concurrentIndex;
  const [index] = await run.session.query<{ valid: boolean }>(
    `SELECT i.indisvalid AS valid FROM pg_catalog.pg_index i
     JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = $2`,
    [run.target.schema, name],
  );
  if (index === undefined) return action === "drop";
  if (action === "create" && index.valid) return true;
  if (action === "create") {
    await run.session.script(
      `DROP INDEX CONCURRENTLY ${quoteIdentifier(run.target.schema)}.${quoteIdentifier(name)}`,
    );
  }
  return false;
}

async function send(
  run: Run,
  segment: Segment,
  before: readonly string[],
  own: readonly string[] = [],
  after: readonly string[] = [],
): Promise<void> {
  const parts = [...before, ...own, ...after];
  try {
    await run.session.script(
      parts.length === 1 ? (parts[0] ?? "") : parts.join(separator) + separator,
    );
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    await tidy(run.session, "ROLLBACK");
    const { part, lines } = placeOf(parts, error);
    const statement =
      part < before.length + own.length ? segment.statements[part - before.length] : undefined;
    throw new StepError(error.cause, segment.start, statement, lines);
  }
}

/** A statement may end in a line comment: the semicolon goes on a line of its own. */
const separator = "\n;\n";

/**
 * Which part of a message PostgreSQL complains about, and how many lines into it. It gives a position over the
 * whole message, counted in characters (code points) from 1; or, inside a DO block, a line of the block; or
 * nothing, and then it is the part behind those that completed.
 */
function placeOf(
  parts: readonly string[],
  { cause, completed }: ScriptError,
): { part: number; lines: number } {
  const position = "position" in cause ? Number(cause.position) : Number.NaN;
  if (!Number.isNaN(position)) return placeOfCharacter(parts, position - 1);
  const where = "where" in cause ? String(cause.where) : "";
  const line = /inline_code_block line (\d+)/.exec(where)?.[1];
  const text = parts[completed] ?? "";
  // The block's own first line is the one that its opening quote stands on.
  const lines =
    line === undefined ? 0 : newlines(text.slice(0, text.search(/[$']/))) + Number(line) - 1;
  return { part: completed, lines };
}

function placeOfCharacter(
  parts: readonly string[],
  character: number,
): { part: number; lines: number } {
  let rest = character;
  for (const [part, text] of parts.entries()) {
    const characters = [...text];
    if (rest < characters.length + separator.length) {
      return { part, lines: newlines(characters.slice(0, rest).join("")) };
    }
    rest -= characters.length + separator.length;
  }
  return { part: parts.length, lines: 0 };
}

function newlines(text: string): number {
  return text.split("\n").length - 1;
}

function guardOf(
  run: Run,
  entry: Entry,
  scope: "transaction" | "session",
  settings: Map<string, string>,
): string {
  const { target, script } = run;
  return guard({ target, sharedSchemas: script.sharedSchemas, settings, scope, ...entry });
}

function record(run: Run, applied: number): string {
  const { statements, migration } = run.script;
  return recordProgress(run.target.schema, {
    tag: migration.tag,
    checksum: migration.checksum,
    statements: statements.length,
    applied,
    appliedChecksum: checksumOf(statements, applied),
    by: run.context.by,
  });
}

function together(run: Run, segment: Segment): Map<string, string> {
  const { lock, statement, idleInTransaction } = run.context.timeouts;
  const whole = segment.statements.length === run.script.statements.length;
  return new Map([
    ["lock_timeout", String(lock)],
    ["statement_timeout", String(statement)],
    ["idle_in_transaction_session_timeout", String(idleInTransaction)],
    // Safe for a whole migration: a crash loses it together with its entry. The rollout flushes once at its end.
    ["synchronous_commit", whole ? "off" : "on"],
  ]);
}

// CREATE INDEX CONCURRENTLY waits for other transactions as if for locks, and blocks nobody while it waits.
function alone(run: Run): Map<string, string> {
  const timeout = String(run.context.timeouts.concurrently);
  return new Map([
    ["lock_timeout", timeout],
    ["statement_timeout", timeout],
  ]);
}

function leave(target: Target): string {
  return `SELECT pg_catalog.pg_advisory_unlock(${lockKey(target.service, target.schema)});
RESET lock_timeout; RESET statement_timeout; RESET search_path`;
}
