import { type PropertyValue, type SchemaObject, withoutMark } from "../catalog/properties.ts";
import {
  type DriftClass,
  type DriftDifference,
  driftClasses,
  type PropertyDifference,
} from "../core/drift.ts";
import { withoutConsequences } from "./consequences.ts";
import type { ObjectChange } from "./object-change.ts";

export type { ObjectChange } from "./object-change.ts";

/** Properties that change only speed or size. */
const tuning = new Set([
  ...[
    "statistics target",
    "options",
    "storage",
    "compression",
    "clustered",
    "cost",
    "rows",
    "cache",
  ],
  ...["access method", "support function", "tablespace"],
]);

/** Kinds of objects that change only speed. */
const tuningKinds = new Set(["statistics object"]);

/** The properties that say what an object is, if it exists on one side only. */
const describing = ["definition", "type", "labels", "base", "subtype", "result", "function"];

/** Kinds of objects that others can be parts of. */
const wholes = new Set([
  ...["table", "view", "materialized view", "foreign table", "type", "domain", "operator family"],
]);

/**
 * Compares two schemas object by object.
 *
 * @param expected the objects that there should be
 * @param found the objects of a tenant schema
 * @returns each object that differs, once: parts of a table that is missing or extra are not listed
 */
export function changesBetween(
  expected: readonly SchemaObject[],
  found: readonly SchemaObject[],
): ObjectChange[] {
  const [before, after] = [byKey(expected), byKey(found)];
  const missing = expected.filter((one) => !after.has(keyOf(one)));
  const extra = found.filter((one) => !before.has(keyOf(one)));
  const changed = expected.flatMap((one): ObjectChange[] => {
    const other = after.get(keyOf(one));
    const difference = other && changedObject(one, other);
    return difference === undefined ? [] : [{ expected: one, found: other, parts: [], difference }];
  });
  const all = [
    ...withParts(missing).map(({ object, parts }) => ({
      ...{ expected: object, found: undefined, parts },
      difference: oneSided(object, "missing"),
    })),
    ...changed,
    ...withParts(extra).map(({ object, parts }) => ({
      ...{ expected: undefined, found: object, parts },
      difference: oneSided(object, "extra"),
    })),
  ];
  return withoutConsequences(all, [...expected, ...found], worstOf);
}

/** Names an object among those of its schema. */
export function keyOf({ kind, name }: SchemaObject): string {
  return `${kind} ${name}`;
}

function byKey(objects: readonly SchemaObject[]): Map<string, SchemaObject> {
  return new Map(objects.map((one) => [keyOf(one), one]));
}

/**
 * The objects that do not belong to another one of the list, with those that do: columns of tables, sequences of columns,
 * casts of types.
 */
function withParts(
  objects: readonly SchemaObject[],
): { readonly object: SchemaObject; readonly parts: readonly SchemaObject[] }[] {
  const owners = new Set(objects.flatMap((one) => (wholes.has(one.kind) ? one.name : [])));
  const columns = new Map(
    objects.flatMap((one) => (one.kind === "column" ? [[one.name, one]] : [])),
  );
  const ownerOf = ({
    of,
    properties: { "owning column": owned },
  }: SchemaObject): string | undefined => {
    const column = typeof owned === "string" ? columns.get(owned) : undefined;
    if (column !== undefined) return owners.has(column.of ?? "") ? (column.of ?? "") : column.name;
    return of !== null && owners.has(of) ? of : undefined;
  };
  const parts = new Map<string | undefined, SchemaObject[]>();
  for (const one of objects) parts.set(ownerOf(one), [...(parts.get(ownerOf(one)) ?? []), one]);
  return (parts.get(undefined) ?? []).map((object) => ({
    object,
    parts: parts.get(object.name) ?? [],
  }));
}

function oneSided(object: SchemaObject, change: "missing" | "extra"): DriftDifference {
  const { kind, name, properties } = object;
  const property = describing.find((one) => properties[one] !== undefined);
  const value = property === undefined ? null : textOf(properties[property]);
  const [expected, found] = change === "missing" ? [value, null] : [null, value];
  return {
    ...{ kind, name: withoutMark(name), change, class: classOf(object) },
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

function changedObject(expected: SchemaObject, found: SchemaObject): DriftDifference | undefined {
  const names = [
    ...new Set([...Object.keys(expected.properties), ...Object.keys(found.properties)]),
  ];
  const properties = names.flatMap((property): PropertyDifference[] => {
    const [before, after] = [expected, found].map((one) => one.properties[property]);
    if (isSame(before, after)) return [];
    return [{ property, expected: textOf(before), found: textOf(after) }];
  });
  if (properties.length === 0) return undefined;
  const { kind, name } = expected;
  return {
    ...{ kind, name: withoutMark(name), change: "changed" },
    ...{ class: worstOf(properties), properties },
  };
}

function worstOf(properties: readonly PropertyDifference[]): DriftClass {
  const classes = properties.map(({ property }) => classOfProperty(property));
  return driftClasses.find((one) => classes.includes(one)) ?? "cosmetic";
}

function isSame(before: PropertyValue | undefined, after: PropertyValue | undefined): boolean {
  return before === after || markedText(before) === markedText(after);
}

function classOfProperty(property: string): DriftClass {
  if (property === "comment") return "cosmetic";
  return tuning.has(property) ? "tuning" : "dangerous";
}

/** A property as people read it. */
function textOf(value: PropertyValue | undefined): string | null {
  const text = markedText(value);
  return text === null ? null : withoutMark(text);
}

/** A property as text. Maps are written in the order of their keys. */
function markedText(value: PropertyValue | undefined): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== "object") return String(value);
  return Object.keys(value)
    .sort()
    .map((key) => `${key}: ${value[key]}`)
    .join("; ");
}
