import type { TargetStatus } from "../core/plan.ts";
import type { Context } from "../fleet/context.ts";
import { readStatusAndDrift } from "../fleet/target-status.ts";
import type { Selection } from "../tenants/targets.ts";

/**
 * Reads the state of every selected target: newest applied migration, head, pending migrations, and what `drift`
 * found when it last compared the target. Changes nothing.
 *
 * @returns one entry per target
 * @throws FleetError `usage` for an invalid selection; `tenant` for a named tenant that is not active; `journal` for damaged
 *   files of a migrations folder; `unreachable` or `config` if no database can be used
 * @example
 * const targets = await status(context, { services: ["auth"], tenants: [], databases: [] });
 */
export function status(context: Context, selection: Selection): Promise<TargetStatus[]> {
  return readStatusAndDrift(context, selection);
}
