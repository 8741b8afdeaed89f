import type { PropertyValue, SchemaObject } from "../catalog/properties.ts";
import {
  type DriftClass,
  type DriftDifference,
  driftClasses,
  type PropertyDifference,
} from "../core/drift.ts";

/** Properties that change only speed or size. */
const tuning = new Set([
  ...["statistics", "options", "storage", "compression", "clustered", "cost", "rows", "cache"],
  ...["target", "access method", "support"],
]);

/** Kinds of objects that change only speed. */
const tuningKinds = new Set(["statistics object"]);

/** The properties that say what an object is, if it exists on one side only. */
const describing = ["definition", "type", "labels", "base", "result"];

/**
 * Compares two schemas object by object.
 *
 * @param expected the objects that there should be
 * @param found the objects of a tenant schema
 * @returns each object that differs, once: parts of a table that is missing or extra are not listed
 */
export function differencesBetween(
  expected: readonly SchemaObject[],
  found: readonly SchemaObject[],
): DriftDifference[] {
  const [before, after] = [byKey(expected), byKey(found)];
  const missing = expected.filter((one) => !after.has(keyOf(one)));
  const extra = found.filter((one) => !before.has(keyOf(one)));
  const changed = expected.flatMap((one) => {
    const other = after.get(keyOf(one));
    return other === undefined ? [] : changedObject(one, other);
  });
  return [
    ...withoutParts(missing).map((one) => oneSided(one, "missing")),
    ...changed,
    ...withoutParts(extra).map((one) => oneSided(one, "extra")),
  ];
}

/** Names an object among those of its schema. */
export function keyOf({ kind, name }: SchemaObject): string {
  return `${kind} ${name}`;
}

function byKey(objects: readonly SchemaObject[]): Map<string, SchemaObject> {
  return new Map(objects.map((one) => [keyOf(one), one]));
}

/** Leaves out what belongs to another object of the list: columns of tables, sequences of columns. */
function withoutParts(objects: readonly SchemaObject[]): SchemaObject[] {
  const tables = new Set(objects.flatMap((one) => (one.of === null ? one.name : [])));
  const columns = new Set(objects.flatMap(({ kind, name }) => (kind === "column" ? name : [])));
  return objects.filter(({ of, properties }) => {
    const owner = properties["owned by"];
    if (typeof owner === "string" && (columns.has(owner) || tables.has(owner.split(".")[0] ?? "")))
      return false;
    return of === null || !tables.has(of);
  });
}

function oneSided(object: SchemaObject, change: "missing" | "extra"): DriftDifference {
  const { kind, name, properties } = object;
  const property = describing.find((one) => properties[one] !== undefined);
  const value = property === undefined ? null : textOf(properties[property]);
  const [expected, found] = change === "missing" ? [value, null] : [null, value];
  return {
    ...{ kind, name, change, class: classOf(object) },
    properties: property === undefined ? [] : [{ property, expected, found }],
  };
}

/** An index that is not unique changes only speed. */
function classOf({ kind, properties }: SchemaObject): DriftClass {
  if (tuningKinds.has(kind)) return "tuning";
  const definition = properties.definition;
  const isUnique = typeof definition !== "string" || definition.startsWith("CREATE UNIQUE");
  return kind === "index" && !isUnique ? "tuning" : "dangerous";
}

function changedObject(expected: SchemaObject, found: SchemaObject): DriftDifference[] {
  const names = [
    ...new Set([...Object.keys(expected.properties), ...Object.keys(found.properties)]),
  ];
  const properties = names.flatMap((property): PropertyDifference[] => {
    const [before, after] = [expected, found].map((one) => textOf(one.properties[property]));
    return before === after ? [] : [{ property, expected: before ?? null, found: after ?? null }];
  });
  if (properties.length === 0) return [];
  const classes = properties.map(({ property }) => classOfProperty(property));
  const worst = driftClasses.find((one) => classes.includes(one));
  const { kind, name } = expected;
  return [{ kind, name, change: "changed", class: worst ?? "cosmetic", properties }];
}

function classOfProperty(property: string): DriftClass {
  if (property.endsWith("comment")) return "cosmetic";
  return tuning.has(property) ? "tuning" : "dangerous";
}

/** A property as text. Maps are written in the order of their keys. */
function textOf(value: PropertyValue | undefined): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== "object") return String(value);
  return Object.keys(value)
    .sort()
    .map((key) => `${key}: ${value[key]}`)
    .join("; ");
}
