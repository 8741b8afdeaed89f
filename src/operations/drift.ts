import type { DriftShape, UnmodelledKind } from "../core/drift.ts";
import type { AllowanceProblem } from "../drift/allowed.ts";
import { compareFleet, type DriftRequest } from "../drift/compare.ts";
import type { UncomparedTarget } from "../drift/look.ts";
import type { Context } from "../fleet/context.ts";
import { withFleet } from "../fleet/open-fleet.ts";

export interface DriftResult {
  /** Targets with the same differences, the most serious first. Those without differences come last. */
  readonly shapes: readonly DriftShape[];
  /** Targets without a complete ledger, or that cannot be read. */
  readonly uncompared: readonly UncomparedTarget[];
  /** What belongs to the compared schemas, but describes the database: extensions, functions of event triggers. */
  readonly unmodelled: readonly UnmodelledKind[];
  /** Entries of `drift.allow` that have expired, or that nothing needed when the whole fleet was compared. */
  readonly allowances: readonly AllowanceProblem[];
}

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
    const { shapes, ...rest } = await compareFleet(fleet, request);
    return { shapes: shapes.map(({ shape }) => shape), ...rest };
  });
}
