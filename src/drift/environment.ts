import type { PropertyValue, SchemaObject } from "../catalog/properties.ts";
import { keyOf } from "./differences.ts";

/**
 * Properties that the database gives to a schema, not its migrations: roles, replication, labels and tablespaces. A replay
 * elsewhere has others, so a tenant is compared with the other tenants of its service.
 */
const environmental = [
  ...["owner", "privileges", "row type privileges", "publications", "subscriptions"],
  ...["security labels", "tablespace"],
];

/** Kinds of objects that no migration creates. */
const environmentalKinds = new Set(["default privileges"]);

/** A schema's objects, and how many tenants have the same. */
export interface CountedObjects {
  readonly objects: readonly SchemaObject[];
  readonly count: number;
}

/**
 * Completes what migrations create with what most tenants have.
 *
 * @param expected the objects that the migrations create
 * @param tenants the schemas of all tenants of the service in this state, in one database
 * @returns the expected objects, with the roles and publications of more than half of the tenants; where no value has such a
 *   majority, that of the tenant itself is accepted (see `acceptUndecided`)
 */
export function withEnvironment(
  expected: readonly SchemaObject[],
  tenants: readonly CountedObjects[],
): SchemaObject[] {
  const votes = new Votes(tenants);
  const own = expected.filter(({ kind }) => !environmentalKinds.has(kind));
  const common = votes.commonObjects();
  return [
    ...own.map((one) => ({ ...one, properties: { ...one.properties, ...votes.common(one) } })),
    ...common,
  ];
}

/** The objects without what the database gives to a schema. */
export function withoutEnvironment(objects: readonly SchemaObject[]): SchemaObject[] {
  return objects
    .filter(({ kind }) => !environmentalKinds.has(kind))
    .map((one) => ({
      ...one,
      properties: Object.fromEntries(
        Object.entries(one.properties).filter(([name]) => !environmental.includes(name)),
      ),
    }));
}

/** Removes the roles and publications that `withEnvironment` could not decide: they differ for too many tenants. */
export function acceptUndecided(
  expected: readonly SchemaObject[],
  found: readonly SchemaObject[],
): SchemaObject[] {
  const known = new Map(expected.map((one) => [keyOf(one), one]));
  return found.map((one) => {
    const other = known.get(keyOf(one));
    if (other === undefined) return one;
    const undecided = environmental.filter((name) => other.properties[name] === undecidedValue);
    const settled = Object.fromEntries(undecided.map((name) => [name, undecidedValue]));
    return { ...one, properties: { ...one.properties, ...settled } };
  });
}

/** The expected value of what no majority of tenants has, or of an object that no tenant has. */
export const undecidedValue = "(differs)";

class Votes {
  readonly #all: number;
  readonly #values = new Map<string, Map<string, number>>();
  readonly #objects = new Map<string, { readonly object: SchemaObject; count: number }>();

  constructor(tenants: readonly CountedObjects[]) {
    this.#all = tenants.reduce((sum, { count }) => sum + count, 0);
    for (const { objects, count } of tenants) for (const one of objects) this.#add(one, count);
  }

  #add(object: SchemaObject, count: number): void {
    if (environmentalKinds.has(object.kind)) {
      const key = JSON.stringify([keyOf(object), sorted(object.properties)]);
      const kept = this.#objects.get(key) ?? { object, count: 0 };
      kept.count += count;
      this.#objects.set(key, kept);
      return;
    }
    for (const name of environmental) {
      const values = this.#values.get(`${name} ${keyOf(object)}`) ?? new Map<string, number>();
      const value = sorted(object.properties[name] ?? null);
      values.set(value, (values.get(value) ?? 0) + count);
      this.#values.set(`${name} ${keyOf(object)}`, values);
    }
  }

  /** What more than half of the tenants that have the object say about its environment. */
  common(object: SchemaObject): Record<string, PropertyValue> {
    return Object.fromEntries(
      environmental.map((name) => {
        const values = [...(this.#values.get(`${name} ${keyOf(object)}`) ?? [])];
        const total = values.reduce((sum, [, count]) => sum + count, 0);
        const winner = values.find(([, count]) => count * 2 > total);
        return [name, winner === undefined ? undecidedValue : JSON.parse(winner[0])];
      }),
    );
  }

  commonObjects(): SchemaObject[] {
    return [...this.#objects.values()].flatMap(({ object, count }) =>
      count * 2 > this.#all ? object : [],
    );
  }
}

/** JSON with the keys of maps in order. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === "object" && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([left], [right]) => (left < right ? -1 : 1)))
      : one,
  );
}
