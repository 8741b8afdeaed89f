import type { SchemaObject } from "../catalog/properties.ts";
import { changesBetween, type ObjectChange } from "./differences.ts";
import { acceptUndecided } from "./environment.ts";
import { acceptOwnNames } from "./own-names.ts";
import { withAddedPartitions } from "./partitions.ts";

/**
 * Compares a tenant schema with what it should contain. What is not decided by migrations or by other tenants, partitions that
 * maintenance has added, and words that are also the schema's name are no changes.
 */
export function tenantChanges(
  expected: readonly SchemaObject[],
  found: readonly SchemaObject[],
): ObjectChange[] {
  const complete = withAddedPartitions(expected, found);
  return changesBetween(complete, acceptUndecided(complete, acceptOwnNames(complete, found)));
}
