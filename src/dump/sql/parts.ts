import type { ObjectKey } from "../../catalog/object-key.ts";

/** Kinds of statements, in the order in which they run if no dependency requires another order. */
export const rank = {
  collation: 0,
  textSearch: 1,
  type: 2,
  sequence: 3,
  routine: 4,
  operator: 5,
  table: 6,
  default: 7,
  view: 8,
  // The following run after the rows are inserted.
  key: 20,
  check: 21,
  index: 22,
  attach: 23,
  statistics: 24,
  foreignKey: 25,
  rule: 26,
  trigger: 27,
  policy: 28,
  security: 29,
  ownership: 30,
  refresh: 31,
  comment: 32,
} as const;

/** The first rank after the rows. */
export const firstAfterRows: number = rank.key;

/** Statements that create an object, or a part of one that can be created later than the rest. */
export interface StructurePart {
  readonly key: ObjectKey;
  readonly rank: number;
  readonly oid: number;
  readonly statements: readonly string[];
  /** Dependencies in addition to those that the catalog records. */
  readonly needs?: readonly ObjectKey[];
  /** For a routine, the statement that creates it with a body that does nothing, see `stubs.ts`. */
  readonly stub?: string | undefined;
}

/** The parts of a schema, and which part creates which object. */
export class StructureParts {
  readonly #parts = new Map<ObjectKey, StructurePart>();
  readonly #creators = new Map<ObjectKey, ObjectKey>();

  add(part: StructurePart): void {
    this.#parts.set(part.key, part);
  }

  /** Records that an object is created along with another one. */
  include(object: ObjectKey, within: ObjectKey): void {
    this.#creators.set(object, within);
  }

  /** The part that creates an object; undefined for an object outside the schema. */
  creatorOf(object: ObjectKey): StructurePart | undefined {
    const within = this.#creators.get(object);
    return within === undefined ? this.#parts.get(object) : this.creatorOf(within);
  }

  get all(): StructurePart[] {
    return [...this.#parts.values()];
  }
}
