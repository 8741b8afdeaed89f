import type { SchemaObject } from "../catalog/properties.ts";
import type { DriftClass, DriftDifference, PropertyDifference } from "../core/drift.ts";

/** Properties of columns and constraints that a change of the parent table's also changes. */
const inherited = new Set([
  ...["type", "not null", "not null not valid", "default", "generated", "identity", "collation"],
  ...["storage", "compression", "statistics target", "definition", "validated", "state"],
]);

/**
 * Leaves out what only follows from another difference: parts of a partition that are those of its parent, columns of a view
 * whose query differs.
 *
 * @param objects the objects of both sides, by kind and name
 * @param classOf the class of differing properties
 */
export function withoutConsequences(
  differences: readonly DriftDifference[],
  objects: ReadonlyMap<string, SchemaObject>,
  classOf: (properties: readonly PropertyDifference[]) => DriftClass,
): DriftDifference[] {
  const byKey = new Map(differences.map((one) => [keyOf(one), one]));
  return differences.flatMap((difference) => {
    const object = objects.get(keyOf(difference));
    if (object === undefined) return difference;
    const causes = causesOf(object, objects).flatMap((key) => byKey.get(key) ?? []);
    const isMoved = propertyOf(byKey.get(`table ${object.of}`), "inherits from") !== undefined;
    if (difference.change !== "changed") {
      // A partition has its parent's triggers only as long as it is attached.
      const isParents = object.kind === "trigger" && object.properties["part of"] !== undefined;
      const follows = causes.some((cause) => isSameChange(cause, difference));
      return follows || (isMoved && isParents) ? [] : difference;
    }
    const properties = difference.properties.filter(
      (one) => !(isMoved && one.property === "part of") && !follows(one, causes),
    );
    return properties.length === 0 ? [] : { ...difference, class: classOf(properties), properties };
  });
}

const keyOf = ({ kind, name }: { readonly kind: string; readonly name: string }) =>
  `${kind} ${name}`;

/** The objects whose differences an object repeats. */
function causesOf(
  { kind, name, of, properties }: SchemaObject,
  objects: ReadonlyMap<string, SchemaObject>,
): string[] {
  const whole = properties["part of"];
  if (typeof whole === "string") return [`${kind} ${whole}`];
  if (of === null) return [];
  if (kind === "column" && (objects.has(`view ${of}`) || objects.has(`materialized view ${of}`)))
    return [`view ${of}`, `materialized view ${of}`];
  const table = objects.get(`table ${of}`) ?? objects.get(`foreign table ${of}`);
  const parents = table?.properties["inherits from"];
  const part = name.slice(of.length);
  if (typeof parents === "string")
    return parents.split(", ").map((parent) => `${kind} ${parent}${part}`);
  const type = table?.properties["typed as"];
  return typeof type === "string" ? [`attribute ${type}${part}`] : [];
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
