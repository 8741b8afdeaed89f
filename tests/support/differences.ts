import type { SchemaObject } from "../../src/catalog/properties.ts";
import type { DriftDifference } from "../../src/core/drift.ts";
import { changesBetween } from "../../src/drift/differences.ts";

/** How two schemas differ, in words. */
export function differencesBetween(
  expected: readonly SchemaObject[],
  found: readonly SchemaObject[],
): DriftDifference[] {
  return changesBetween(expected, found).map(({ difference }) => difference);
}
