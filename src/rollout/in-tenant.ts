import type { Timeouts } from "../config/schema.ts";
import type { Creation } from "../core/plan.ts";
import type { Target } from "../core/target.ts";
import type { Session } from "../postgres/session.ts";
import { guard, slateFor } from "./guard.ts";
import { begin, beginSnapshot } from "./run.ts";

export interface TenantWork {
  readonly target: Target;
  /** Schemas that follow the tenant's own on the search_path. */
  readonly sharedSchemas: readonly string[];
  readonly timeouts: Timeouts;
  /** What to create first. */
  readonly create: Creation;
  /** What must be true before anything is done, as SQL. */
  readonly expectation?: string;
  /** True: all that is read is of one moment. */
  readonly snapshot?: boolean;
}

/**
 * Does something in one transaction in a tenant schema, under the target's lock and guard.
 *
 * @throws ScriptError when the guard or the server refuses; whatever `use` throws, with all of it taken back
 */
export async function inTenant<Result>(
  session: Session,
  { target, sharedSchemas, timeouts, create, expectation = "true", snapshot = false }: TenantWork,
  use: () => Promise<Result>,
): Promise<Result> {
  const settings = new Map([
    ...session.settings,
    ["lock_timeout", String(timeouts.lock)],
    ["statement_timeout", String(timeouts.statement)],
    ["idle_in_transaction_session_timeout", String(timeouts.idleInTransaction)],
  ]);
  const scope = "transaction";
  const open = guard({ target, sharedSchemas, settings, expectation, create, scope });
  try {
    const first = snapshot ? beginSnapshot : begin;
    await session.script([first, ...slateFor(session), ...open].join(";\n"));
    const result = await use();
    await session.script("COMMIT");
    return result;
  } catch (error) {
    if (!session.lost) await session.script("ROLLBACK");
    throw error;
  }
}
