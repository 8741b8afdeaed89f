import type { DriftShape, UnmodelledKind } from "../core/drift.ts";
import type { AllowanceProblem } from "./allowed.ts";
import type { Comparison } from "./compare.ts";
import type { UncomparedTarget } from "./look.ts";
import { describeRepair, type ShapeRepair } from "./repair/shapes.ts";

/** What `drift` found. */
export interface DriftResult {
  /** Targets with the same differences, the most serious first. Those without differences come last. */
  readonly shapes: readonly DriftShape[];
  /** Targets without a complete ledger, or that cannot be read. */
  readonly uncompared: readonly UncomparedTarget[];
  /** What belongs to the compared schemas, but is not compared because it describes the database, such as extensions. */
  readonly unmodelled: readonly UnmodelledKind[];
  /** Entries of `drift.allow` that have expired, or that nothing needed when the whole fleet was compared. */
  readonly allowances: readonly AllowanceProblem[];
}

/**
 * What a comparison found, as callers see it.
 *
 * @param repairs of the shapes that have differences
 */
export function resultOf(
  { shapes, uncompared, unmodelled, allowances }: Comparison,
  repairs: readonly ShapeRepair[],
): DriftResult {
  const byShape = new Map(repairs.map((repair) => [repair.compared, describeRepair(repair)]));
  return {
    shapes: shapes.map((one) => ({ ...one.shape, repair: byShape.get(one) ?? null })),
    ...{ uncompared, unmodelled, allowances },
  };
}
