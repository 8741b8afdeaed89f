import type { ObjectKey } from "../../catalog/object-key.ts";

/** Kinds of statements in the order in which they run when nothing demands another. */
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
  // From here on what comes after the rows.
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

/** The first rank that comes after the rows. */
export const firstAfterRows: number = rank.key;

/** Statements that belong together: an object, or a part of one that can be made later than the rest. */
export interface StructurePart {
  readonly key: ObjectKey;
  readonly rank: number;
  readonly oid: number;
  readonly statements: readonly string[];
  /** What it needs besides what its objects depend on. */
  readonly needs?: readonly ObjectKey[];
  /** What stands for it while there is only its signature, see `stubs.ts`. */
  readonly stub?: string | undefined;
}

/** The parts of a schema, and which part makes which object. */
export class StructureParts {
  readonly #parts = new Map<ObjectKey, StructurePart>();
  readonly #makers = new Map<ObjectKey, ObjectKey>();

  add(part: StructurePart): void {
    this.#parts.set(part.key, part);
  }

  /** Says that an object comes about with another one. */
  include(object: ObjectKey, within: ObjectKey): void {
    this.#makers.set(object, within);
  }

  /** The part that makes an object; undefined for what is none of the schema's. */
  makerOf(object: ObjectKey): StructurePart | undefined {
    const within = this.#makers.get(object);
    return within === undefined ? this.#parts.get(object) : this.makerOf(within);
  }

  get all(): StructurePart[] {
    return [...this.#parts.values()];
  }
}
