import { compareFleet, type DriftRequest } from "../drift/compare.ts";
import { draftShapes } from "../drift/repair/shapes.ts";
import { type DriftResult, resultOf } from "../drift/result.ts";
import type { Context } from "../fleet/context.ts";
import { withFleet } from "../fleet/open-fleet.ts";

/**
 * Compares every selected tenant schema with what its ledger says: objects, definitions, privileges. Migrations that are
 * pending are not drift. Changes nothing in the tenant schemas; what was found is kept in the control schema, so that the
 * next call reads only schemas that have changed.
 *
 * @throws FleetError `usage` for an invalid selection; `config` if the server for scratch schemas has another version than
 *   a database; `proof` if migrations can no longer be replayed; `unreachable` if a database cannot be read
 * @example
 * const { shapes } = await drift(context, { services: [], tenants: [], databases: [] });
 * const drifted = shapes.filter(({ differences }) => differences.length > 0);
 */
export function drift(context: Context, request: DriftRequest): Promise<DriftResult> {
  return withFleet(context, request, async (fleet) => {
    const comparison = await compareFleet(fleet, request);
    return resultOf(comparison, await draftShapes(fleet, comparison, { allowDrops: true }));
  });
}
