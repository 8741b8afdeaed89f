import { withoutMark } from "../catalog/own-name.ts";
import type { PropertyValue, SchemaObject } from "../catalog/properties.ts";
import { keyOf } from "./differences.ts";

/** Properties of a partition that must be those of its parent. */
const tableProperties = ["row level security", "forced row level security", "persistence", "owner"];
const environment = [
  "publications",
  "subscriptions",
  "comment",
  "security labels",
  "row type privileges",
];
const columnProperties = [
  ...["type", "not null", "not null not valid", "default", "generated", "collation"],
];

/**
 * Completes what migrations create with the partitions that maintenance has added: what such a partition gets from its parent is
 * expected. So it counts as drift only if it has something of its own, or less protection: other privileges, a trigger, a policy,
 * row-level security that is off. Storage parameters are its own matter: a partitioned table has none.
 *
 * @param expected the objects that there should be; partitions among them are compared like all other tables
 * @param found the objects of a tenant schema
 */
export function withAddedPartitions(
  expected: readonly SchemaObject[],
  found: readonly SchemaObject[],
): SchemaObject[] {
  const created = new Set(expected.map((one) => keyOf(one)));
  const family = new Family(found);
  const added = family.partitions().filter((one) => !created.has(keyOf(one)));
  return [...expected, ...added.flatMap((one) => family.inherited(one))];
}

/**
 * Leaves out partitions that a tenant does not have. When tenants are compared with each other, it is not known which partitions
 * migrations create.
 */
export function withoutOtherPartitions(
  expected: readonly SchemaObject[],
  found: readonly SchemaObject[],
): SchemaObject[] {
  const existing = new Set(found.map((one) => keyOf(one)));
  const missing = new Set(
    new Family(expected)
      .partitions()
      .flatMap((one) => (existing.has(keyOf(one)) ? [] : [one.name])),
  );
  return expected.filter(
    (one) => !missing.has(one.of ?? "") && !(isPartition(one) && missing.has(one.name)),
  );
}

function isPartition({ kind, properties }: SchemaObject): boolean {
  return kind === "table" && properties["partition bound"] !== undefined;
}

/** The objects of a schema, by their keys and by the tables that they are parts of. */
class Family {
  readonly #all: ReadonlyMap<string, SchemaObject>;
  readonly #parts = new Map<string, SchemaObject[]>();

  constructor(objects: readonly SchemaObject[]) {
    this.#all = new Map(objects.map((one) => [keyOf(one), one]));
    for (const one of objects) {
      if (one.of === null) continue;
      const parts = this.#parts.get(one.of);
      if (parts === undefined) this.#parts.set(one.of, [one]);
      else parts.push(one);
    }
  }

  partitions(): SchemaObject[] {
    return [...this.#all.values()].filter(isPartition);
  }

  /** A partition and its parts as they should be, given its parent. Parts that its parent does not have are left out. */
  inherited(partition: SchemaObject): SchemaObject[] {
    const parent = this.#parentOf(partition);
    if (parent === undefined) return [];
    const parts = this.#parts.get(partition.name) ?? [];
    const table = withValues(partition, {
      ...valuesOf(parent, tableProperties),
      ...sameOrNone(partition, parent, ["replica identity"], "default"),
      ...sameOrNone(partition, parent, environment, null),
      privileges: atMost(partition.properties.privileges, parent.properties.privileges),
    });
    return [table, ...parts.flatMap((part) => this.#inheritedPart(part, partition, parent))];
  }

  #parentOf({ properties }: SchemaObject): SchemaObject | undefined {
    const name = properties.parents;
    if (typeof name !== "string") return undefined;
    return this.#all.get(`table ${withoutMark(name)}`);
  }

  #inheritedPart(
    part: SchemaObject,
    partition: SchemaObject,
    parent: SchemaObject,
  ): SchemaObject[] {
    const other = this.#counterpart(part, partition, parent);
    if (other === undefined) return [];
    const { kind, properties } = part;
    switch (kind) {
      case "column":
        return [
          withValues(part, {
            ...valuesOf(other, columnProperties),
            ...sameOrNone(part, other, ["identity", "comment", "security labels"], null),
            privileges: atMost(properties.privileges, other.properties.privileges),
          }),
        ];
      case "policy":
        return [{ ...part, properties: other.properties }];
      case "trigger":
        return [withValues(part, valuesOf(other, ["state", "comment"]))];
      case "constraint":
        return [
          withValues(part, {
            ...valuesOf(other, ["validated", "triggers"]),
            ...valid(part, "index valid"),
          }),
        ];
      case "index":
        return [withValues(part, valid(part, "valid"))];
      default:
        return [part];
    }
  }

  /** The part of a table to which that of a partition is attached. */
  #attached(table: SchemaObject, kind: string, name: PropertyValue | undefined) {
    if (typeof name !== "string") return undefined;
    const own = this.#parts.get(table.name) ?? [];
    // In a schema with the name of the table, the table's name was taken for that of the schema.
    const names = [withoutMark(name), `${table.name}.${withoutMark(name)}`];
    return own.find((one) => one.kind === kind && names.includes(one.name));
  }

  /** What gives a partition a part: the same part of its parent. */
  #counterpart(
    { kind, name, properties }: SchemaObject,
    partition: SchemaObject,
    parent: SchemaObject,
  ): SchemaObject | undefined {
    const { parent: attachedTo } = properties;
    const sameName = this.#all.get(`${kind} ${parent.name}${name.slice(partition.name.length)}`);
    switch (kind) {
      case "index":
      case "trigger":
        return this.#attached(parent, kind, attachedTo);
      case "constraint":
        if (attachedTo !== undefined) return this.#attached(parent, kind, attachedTo);
        return sameName?.properties.definition === properties.definition ? sameName : undefined;
      case "statistics object":
        return this.#parts
          .get(parent.name)
          ?.find((one) => one.kind === kind && columnsOf(one) === columnsOf({ properties }));
      case "column":
      case "policy":
        return sameName;
      default:
        return undefined;
    }
  }
}

/** What a statistics object is about, without its name and table. */
function columnsOf({ properties }: Pick<SchemaObject, "properties">): string {
  return String(properties.definition)
    .replace(/^CREATE STATISTICS \S+ /, "")
    .replace(/ FROM \S+$/, "");
}

function withValues(
  object: SchemaObject,
  values: Readonly<Record<string, PropertyValue>>,
): SchemaObject {
  return { ...object, properties: { ...object.properties, ...values } };
}

/** An index must be valid. */
function valid({ properties }: SchemaObject, property: string): Record<string, PropertyValue> {
  return properties[property] === undefined ? {} : { [property]: true };
}

function valuesOf({ properties }: SchemaObject, names: readonly string[]) {
  return Object.fromEntries(names.map((name) => [name, properties[name] ?? null]));
}

/** The value of the partition if it has none of its own, else that of its parent. */
function sameOrNone(
  partition: SchemaObject,
  parent: SchemaObject,
  names: readonly string[],
  none: PropertyValue,
): Record<string, PropertyValue> {
  return Object.fromEntries(
    names.map((name) => {
      const own = partition.properties[name] ?? none;
      return [name, own === none ? none : (parent.properties[name] ?? none)];
    }),
  );
}

/** The privileges of a partition, except those that its parent does not give. Programs can do without: they use the parent. */
function atMost(own: PropertyValue | undefined, parent: PropertyValue | undefined): PropertyValue {
  if (typeof own !== "object" || own === null) return null;
  const given = typeof parent === "object" && parent !== null ? parent : {};
  const kept = Object.entries(own).flatMap(([role, privileges]) => {
    if (role === "(owner)") return [[role, privileges]];
    const allowed = (given[role] ?? "").split(", ");
    const both = privileges.split(", ").filter((one) => allowed.includes(one));
    return both.length === 0 ? [] : [[role, both.join(", ")]];
  });
  return Object.fromEntries(kept);
}
