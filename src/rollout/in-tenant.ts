import type { Timeouts } from "../config/schema.ts";
import type { Creation } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import { withRollback } from "../postgres/rollback.ts";
import type { Session } from "../postgres/session.ts";
import { guard, slateFor } from "./guard.ts";
import { begin, beginSnapshot, end } from "./run.ts";

export interface TenantWork {
  readonly target: Target;
  /** Schemas that follow the tenant's own on the search_path. */
  readonly sharedSchemas: readonly string[];
  readonly timeouts: Timeouts;
  /** What to create first. */
  readonly create: Creation;
  /** What must be true before anything is done, as SQL. */
  readonly expectation?: string;
  /** Locks to take before anything is read; then all that is read is of one moment. */
  readonly snapshotBehind?: readonly string[];
  /** True: the commit does not wait for the disk, since `flushLog` on the same session follows before success is told. */
  readonly flushedLater?: boolean;
}

/**
 * Does something in one transaction in a tenant schema, under the target's lock and guard.
 *
 * @throws ScriptError when the guard or the server refuses; whatever `use` throws, with all of it taken back
 */
export function inTenant<Result>(
  session: Session,
  work: TenantWork,
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
 * As `inTenant`, for statements that are known beforehand: with the guard and the commit they are one message.
 *
 * @throws ScriptError when the guard or the server refuses, with all of it taken back
 */
export function runInTenant(
  session: Session,
  work: TenantWork,
  statements: readonly string[],
): Promise<void> {
  return withRollback(session, () =>
    session.script(
      [...opening(session, work), ...statements, ...end, session.restoreSettings].join(";\n"),
    ),
  );
}

function opening(session: Session, work: TenantWork): string[] {
  const { target, sharedSchemas, timeouts, create, expectation = "true" } = work;
  const settings = new Map([
    ...session.settings,
    ["lock_timeout", String(timeouts.lock)],
    ["statement_timeout", String(timeouts.statement)],
    ["idle_in_transaction_session_timeout", String(timeouts.idleInTransaction)],
  ]);
  // A pooler hides that the server crashed in between.
  if (work.flushedLater === true && !session.pooled) settings.set("synchronous_commit", "off");
  const scope = "transaction";
  const guarded = guard({ target, sharedSchemas, settings, expectation, create, scope });
  const { snapshotBehind: locks } = work;
  const first = locks === undefined ? [begin] : [beginSnapshot, ...locks];
  return [...first, ...slateFor(session), ...guarded];
}
