import { isEqualText } from "../catalog/own-name.ts";
import type { PropertyValue, SchemaObject } from "../catalog/properties.ts";
import { keyOf } from "./differences.ts";

/**
 * Gives the found objects the texts of the expected ones where they differ only because the name of one of the two schemas is
 * also another word of its SQL: in schema `u`, `u.id` can be a column of the alias u.
 */
export function acceptOwnNames(
  expected: readonly SchemaObject[],
  found: readonly SchemaObject[],
): SchemaObject[] {
  const known = new Map(expected.map((one) => [keyOf(one), one]));
  return found.map((one) => {
    const other = known.get(keyOf(one));
    if (other === undefined) return one;
    const schemas = [other.schema, one.schema];
    const properties = Object.entries(one.properties).map(([property, value]) => [
      property,
      settled(other.properties[property], value, schemas),
    ]);
    return { ...one, properties: Object.fromEntries(properties) };
  });
}

function settled(
  expected: PropertyValue | undefined,
  found: PropertyValue,
  schemas: readonly string[],
): PropertyValue {
  const [one, other] = [textOf(expected), textOf(found)];
  const areTexts = one !== undefined && other !== undefined;
  return areTexts && isEqualText(one, other, schemas) ? (expected ?? found) : found;
}

/** A text, or a map as lines. */
function textOf(value: PropertyValue | undefined): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return undefined;
  return Object.entries(value)
    .map(([key, one]) => `${key}: ${one}`)
    .sort()
    .join("\n");
}
