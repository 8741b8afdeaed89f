import { type SchemaObject, withoutMark } from "../catalog/properties.ts";
import type { DriftClass, DriftDifference, PropertyDifference } from "../core/drift.ts";
import type { ObjectChange } from "./object-change.ts";

/** Properties of columns and constraints that a change of the parent table's also changes. */
const inherited = new Set([
  ...["type", "not null", "not null not valid", "default", "generated", "identity", "collation"],
  ...["storage", "compression", "statistics target", "definition", "validated", "state"],
]);

/**
 * Leaves out what only follows from another difference: parts of a partition that are those of its parent, columns of a view
 * whose query differs.
 *
 * @param objects the objects of both sides
 * @param classOf the class of differing properties
 */
export function withoutConsequences(
  changes: readonly ObjectChange[],
  objects: readonly SchemaObject[],
  classOf: (properties: readonly PropertyDifference[]) => DriftClass,
): ObjectChange[] {
  const byKey = new Map(objects.map((one) => [keyOf(one), one]));
  const indexes: SchemaObject[] = [];
  const differences = new Map(changes.map(({ difference }) => [keyOf(difference), difference]));
  const left = changes.flatMap((change) => {
    const { difference } = change;
    const object = change.expected ?? change.found;
    if (object === undefined) return change;
    const causes = causesOf(object, byKey).flatMap((key) => differences.get(key) ?? []);
    const isMoved = propertyOf(differences.get(`table ${object.of}`), "parents") !== undefined;
    if (difference.change !== "changed") {
      // A partition has its parent's triggers only as long as it is attached.
      const isParents = object.kind === "trigger" && object.properties.parent !== undefined;
      const doesFollow = causes.some((cause) => isSameChange(cause, difference));
      if (doesFollow && object.kind === "index") indexes.push(object);
      return doesFollow || (isMoved && isParents) ? [] : change;
    }
    const properties = difference.properties.filter(
      (one) => !(isMoved && one.property === "parent") && !follows(one, causes),
    );
    if (properties.length === difference.properties.length) return change;
    return properties.length === 0 ? [] : limited(change, properties, classOf(properties));
  });
  return indexes.length === 0 ? left : left.map((change) => withIndexes(change, indexes));
}

/** The index of a partitioned table with those of the partitions: they are created together. */
function withIndexes(change: ObjectChange, indexes: readonly SchemaObject[]): ObjectChange {
  const { kind, name, change: what } = change.difference;
  if (kind !== "index" || what === "changed") return change;
  const parents = new Set([name]);
  const parts = indexes.filter((one) => {
    const { parent } = one.properties;
    if (typeof parent !== "string" || !parents.has(withoutMark(parent))) return false;
    parents.add(withoutMark(one.name));
    return true;
  });
  return { ...change, parts: [...change.parts, ...parts] };
}

const keyOf = ({ kind, name }: { readonly kind: string; readonly name: string }) =>
  `${kind} ${withoutMark(name)}`;

/** The change with some of its properties; the others count as expected. */
function limited(
  { expected, found, parts, difference }: ObjectChange,
  properties: readonly PropertyDifference[],
  worst: DriftClass,
): ObjectChange {
  const kept = properties.flatMap(({ property }) => {
    const value = found?.properties[property];
    return value === undefined ? [] : [[property, value]];
  });
  const settled = Object.entries(expected?.properties ?? {}).filter(
    ([name]) => !properties.some(({ property }) => property === name),
  );
  return {
    ...{ expected, parts, difference: { ...difference, class: worst, properties } },
    found: found && { ...found, properties: Object.fromEntries([...settled, ...kept]) },
  };
}

/** The objects whose differences an object repeats. */
function causesOf(
  { kind, name, of, properties }: SchemaObject,
  objects: ReadonlyMap<string, SchemaObject>,
): string[] {
  const { parent } = properties;
  if (typeof parent === "string") return [`${kind} ${withoutMark(parent)}`];
  if (of === null) return [];
  if (kind === "column" && (objects.has(`view ${of}`) || objects.has(`materialized view ${of}`)))
    return [`view ${of}`, `materialized view ${of}`];
  const table = objects.get(`table ${of}`) ?? objects.get(`foreign table ${of}`);
  const { parents, "row type": type } = table?.properties ?? {};
  const part = name.slice(of.length);
  if (typeof parents === "string")
    return withoutMark(parents)
      .split(", ")
      .map((one) => `${kind} ${one}${part}`);
  return typeof type === "string" ? [`attribute ${withoutMark(type)}${part}`] : [];
}

/** True if the parent's part is missing or extra, too, or was replaced by another; or if the query of a view differs. */
function isSameChange(cause: DriftDifference, { change }: DriftDifference): boolean {
  return cause.change === change || propertyOf(cause, "definition") !== undefined;
}

function follows(own: PropertyDifference, causes: readonly DriftDifference[]): boolean {
  if (!inherited.has(own.property)) return false;
  return causes.some((cause) => {
    // The definition of a part has other names. The columns of a view have the types that its query gives them.
    if (propertyOf(cause, "definition") !== undefined)
      return ["definition", "type", "collation"].includes(own.property);
    const same = propertyOf(cause, own.property);
    return same !== undefined && same.expected === own.expected && same.found === own.found;
  });
}

/** How a property differs in a changed object. */
function propertyOf(
  difference: DriftDifference | undefined,
  property: string,
): PropertyDifference | undefined {
  if (difference?.change !== "changed") return undefined;
  return difference.properties.find((one) => one.property === property);
}
