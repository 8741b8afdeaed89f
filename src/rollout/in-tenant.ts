import type { Timeouts } from "../config/schema.ts";
import type { Creation } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { withRollback } from "../postgres/rollback.ts";
import type { Session } from "../postgres/session.ts";
import { guard, sessionReset } from "./guard.ts";
import { begin, beginSnapshot, end } from "./step-run.ts";

/** A transaction in a tenant schema. */
export interface GuardedTransaction {
  readonly target: Target;
  /** Schemas that follow the tenant schema on the search_path. */
  readonly sharedSchemas: readonly string[];
  readonly timeouts: Timeouts;
  /** What to create before the first statement. */
  readonly create: Creation;
  /** The condition that must be true at the beginning, as SQL. */
  readonly expectation?: string;
  /** Statements that take locks before anything is read. All reads then use one snapshot. */
  readonly snapshotAfterLocks?: readonly string[];
  /** True: the commit does not wait for the disk. The caller must call `flushLog` on the session before it reports success. */
  readonly flushedLater?: boolean;
}

/**
 * Runs `use` in one transaction in a tenant schema, under the target's lock and guard. Rolls back on any error.
 *
 * @throws ScriptError from the guard or the server; whatever `use` throws
 */
export function inTenant<Result>(
  session: Session,
  work: GuardedTransaction,
  use: () => Promise<Result>,
): Promise<Result> {
  return withRollback(session, async () => {
    await session.script(opening(session, work).join(";\n"));
    const result = await use();
    await session.script([...end, session.restoreSettings].join(";\n"));
    return result;
  });
}

/**
 * Like `inTenant`, for statements that are known beforehand: they are sent in one message with the guard and the commit.
 *
 * @throws ScriptError from the guard or the server
 */
export function runInTenant(
  session: Session,
  work: GuardedTransaction,
  statements: readonly string[],
): Promise<void> {
  return withRollback(session, () =>
    session.script(
      [...opening(session, work), ...statements, ...end, session.restoreSettings].join(";\n"),
    ),
  );
}

function opening(session: Session, work: GuardedTransaction): string[] {
  const { target, sharedSchemas, timeouts, create, expectation = "true" } = work;
  const settings = new Map([
    ...session.settings,
    ["lock_timeout", String(timeouts.lock)],
    ["statement_timeout", String(timeouts.statement)],
    ["idle_in_transaction_session_timeout", String(timeouts.idleInTransaction)],
  ]);
  // Not through a pooler: it would hide a crash of the server before the flush.
  if (work.flushedLater === true && !session.pooled) settings.set("synchronous_commit", "off");
  const scope = "transaction";
  const guarded = guard({ target, sharedSchemas, settings, expectation, create, scope });
  const { snapshotAfterLocks: locks } = work;
  const first = locks === undefined ? [begin] : [beginSnapshot, ...locks];
  return [...first, ...sessionReset(session), ...guarded];
}
