import type { Target } from "./target.ts";

/**
 * How serious a difference is: `dangerous` if a program or its security can notice it, `tuning` if it changes only speed or
 * size, `cosmetic` if it changes nothing.
 */
export type DriftClass = "dangerous" | "tuning" | "cosmetic";

/** The classes, the most serious first. */
export const driftClasses: readonly DriftClass[] = ["dangerous", "tuning", "cosmetic"];

/** A property of an object that differs. `null` means that the property is not set. */
export interface PropertyDifference {
  readonly property: string;
  readonly expected: string | null;
  readonly found: string | null;
}

/** One object of a tenant schema that is not as expected. */
export interface DriftDifference {
  /** The kind of the object in SQL's words, such as `materialized view`. */
  readonly kind: string;
  /** Its name, with that of its table: `orders.total`. Empty for the schema itself. */
  readonly name: string;
  /** `missing` if it is expected and not there, `extra` if it is there and not expected. */
  readonly change: "missing" | "extra" | "changed";
  readonly class: DriftClass;
  /** For a changed object: what differs. For others: its definition, if it has one. */
  readonly properties: readonly PropertyDifference[];
}

/** How the differences of a shape can be repaired. */
export interface DriftRepair {
  /** In the order in which it runs, without the name of the tenant schema. */
  readonly sql: readonly string[];
  /** The differences that stay. */
  readonly unrepaired: readonly UnrepairedObject[];
  /** True if the SQL was applied to a copy of a tenant, and nothing else differed from what is expected afterwards. */
  readonly proved: boolean;
}

/** An object whose difference is not repaired. */
interface UnrepairedObject {
  readonly kind: string;
  readonly name: string;
  readonly reason: string;
}

/** Targets of one service with the same differences. */
export interface DriftShape {
  readonly service: string;
  /** The newest applied migration of the targets; null if none is applied. */
  readonly at: string | null;
  readonly targets: readonly Target[];
  /** Empty for the targets that are as expected. */
  readonly differences: readonly DriftDifference[];
  /** Null if there is nothing to repair. */
  readonly repair: DriftRepair | null;
}

/** Objects of one kind that belong to tenant schemas, and that are not compared. */
export interface UnmodelledKind {
  /** The kind in SQL's words, such as `event trigger`. */
  readonly kind: string;
  /** How many of them there are. */
  readonly count: number;
  /** Their names, each once. */
  readonly names: readonly string[];
  readonly targets: readonly Target[];
}
