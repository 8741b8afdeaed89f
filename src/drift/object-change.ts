import type { SchemaObject } from "../catalog/properties.ts";
import type { DriftDifference } from "../core/drift.ts";

/** An object that is not as expected, on both sides. */
export interface ObjectChange {
  /** Undefined for an object that is not expected. */
  readonly expected: SchemaObject | undefined;
  /** Undefined for an object that is missing. */
  readonly found: SchemaObject | undefined;
  /** For an object on one side only: what belongs to it there, such as the columns of a table. */
  readonly parts: readonly SchemaObject[];
  /** The same in words. */
  readonly difference: DriftDifference;
}
