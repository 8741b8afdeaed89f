import { randomUUID } from "node:crypto";
import type { Decisions } from "./decisions.ts";
import type { Snapshot } from "./kit-types.ts";
import { putObjects } from "./put-objects.ts";
import { objectsOf, type SnapshotObject } from "./snapshot-objects.ts";
import { partOf, type SnapshotPart } from "./snapshot-parts.ts";
import { isWider } from "./wider-types.ts";

/** A schema that code of both releases can use, and what is held back for it. */
export interface Expanded {
  /** The current schema, with what code of the old release still needs. */
  readonly middle: Snapshot;
  /** What is held back, in words: `column users.email is dropped`. */
  readonly held: readonly string[];
  /** What cannot be held back, in words. */
  readonly notes: readonly string[];
}

/**
 * Finds what a change removes or narrows, and leaves it out. drizzle-orm names every declared column in SELECT, INSERT and
 * RETURNING, so code of the old release fails without a column even if nothing uses it.
 *
 * @param decisions renames are no removals
 */
export function expandedSnapshot(
  previous: Snapshot,
  current: Snapshot,
  decisions: Decisions,
): Expanded {
  const work = new Expansion(previous, current, decisions);
  const objects = work.objects();
  const { held, notes } = work;
  if (held.length === 0) return { middle: current, held, notes };
  const made = putObjects(current, objects);
  const ids = Array.isArray(current.prevIds)
    ? { id: randomUUID(), prevIds: [previous.id] }
    : { id: randomUUID(), prevId: previous.id };
  return { middle: { ...made, ...ids }, held, notes };
}

/** Objects of a table that can depend on its columns. */
const onColumns: ReadonlySet<string> = new Set([
  ...["index", "foreign key", "unique constraint", "check"],
]);

/** Objects on their own that code can name. */
const named: ReadonlySet<string> = new Set(["table", "view", "sequence", "enum"]);

class Expansion {
  readonly held: string[] = [];
  readonly notes: string[] = [];
  readonly #before: ReadonlyMap<string, SnapshotObject>;
  readonly #after: ReadonlyMap<string, SnapshotObject>;
  /** Tables of the old schema that the new one does not have. */
  readonly #droppedTables: ReadonlySet<string>;

  constructor(previous: Snapshot, current: Snapshot, decisions: Decisions) {
    const old = objectsOf(previous).map((one) => renamed(one, decisions));
    this.#before = new Map(old.map((one) => [keyOf(one), one]));
    this.#after = new Map(objectsOf(current).map((one) => [keyOf(one), one]));
    this.#droppedTables = new Set(
      old.filter((one) => one.kind === "table" && !this.#after.has(keyOf(one))).map(tableKey),
    );
  }

  /** The objects of the schema in between that differ from the current one. */
  objects(): SnapshotObject[] {
    const put: SnapshotObject[] = [];
    for (const one of this.#before.values()) put.push(...this.#fromBefore(one));
    for (const one of this.#after.values()) put.push(...this.#fromAfter(one));
    return [...put, ...this.#dependents(put)];
  }

  /** What is kept of an object that the new schema does not have. */
  #fromBefore(one: SnapshotObject): SnapshotObject[] {
    if (this.#after.has(keyOf(one))) return [];
    if (one.table !== undefined && this.#droppedTables.has(tableKey(one))) return [one];
    if (one.kind === "column") return this.#droppedColumn(one);
    if (!named.has(one.kind)) return [];
    this.held.push(`${one.kind} ${one.name} is dropped`);
    return [one];
  }

  #droppedColumn(one: SnapshotObject): SnapshotObject[] {
    const what = `column ${one.table}.${one.name}`;
    if (this.#isInPrimaryKey(one)) {
      this.notes.push(`${what} is dropped at once: it is part of the primary key`);
      return [];
    }
    this.held.push(`${what} is dropped`);
    return [optional(one)];
  }

  /** What is changed in an object of the new schema. */
  #fromAfter(one: SnapshotObject): SnapshotObject[] {
    const before = this.#before.get(keyOf(one));
    if (one.kind === "enum") return before === undefined ? [] : this.#fewerValues(before, one);
    if (one.kind !== "column") return [];
    if (before === undefined) return this.#newColumn(one);
    return this.#changedColumn(before, one);
  }

  #newColumn(one: SnapshotObject): SnapshotObject[] {
    const isNewTable = !this.#before.has(
      keyOf({ kind: "table", schema: one.schema, name: one.table ?? "", content: {} }),
    );
    const made = optional(one);
    if (isNewTable || made === one || this.#isInPrimaryKey(one)) return [];
    this.held.push(`column ${one.table}.${one.name} is NOT NULL`);
    return [made];
  }

  #changedColumn(before: SnapshotObject, one: SnapshotObject): SnapshotObject[] {
    const what = `column ${one.table}.${one.name}`;
    const isNarrower = typeOf(before) !== typeOf(one) && !isWider(typeOf(before), typeOf(one));
    const isRequired =
      one.content.notNull === true && before.content.notNull !== true && !this.#isInPrimaryKey(one);
    const losesDefault =
      one.content.notNull === true &&
      before.content.notNull === true &&
      hasDefault(before) &&
      !fillsItself(one);
    if (isNarrower) this.held.push(`${what} gets type ${typeOf(one)}`);
    if (isRequired) this.held.push(`${what} is NOT NULL`);
    if (losesDefault && !isNarrower) this.held.push(`${what} loses its default`);
    if (isNarrower) return [{ ...before, content: withNull(before.content, isRequired) }];
    if (!isRequired && !losesDefault) return [];
    const content = losesDefault
      ? { ...one.content, default: before.content.default }
      : one.content;
    return [{ ...one, content: withNull(content, isRequired) }];
  }

  #fewerValues(before: SnapshotObject, one: SnapshotObject): SnapshotObject[] {
    const [old, now] = [valuesOf(before), valuesOf(one)];
    const gone = old.filter((value) => !now.includes(value));
    if (gone.length === 0) return [];
    for (const value of gone) this.held.push(`value '${value}' of enum ${one.name} is dropped`);
    const values = [...old, ...now.filter((value) => !old.includes(value))];
    return [{ ...one, content: { ...one.content, values } }];
  }

  /** Indexes and constraints on columns that are kept are kept as well. */
  #dependents(put: readonly SnapshotObject[]): SnapshotObject[] {
    const kept = put.filter(({ kind }) => kind === "column");
    return [...this.#before.values()].filter((one) => {
      if (!onColumns.has(one.kind) || this.#after.has(keyOf(one))) return false;
      if (this.#droppedTables.has(tableKey(one))) return false;
      const text = JSON.stringify(one.content);
      return kept.some(
        (column) =>
          tableKey(column) === tableKey(one) &&
          !this.#after.has(keyOf(column)) &&
          (text.includes(JSON.stringify(column.name)) || text.includes(`\\"${column.name}\\"`)),
      );
    });
  }

  #isInPrimaryKey(column: SnapshotObject): boolean {
    if (column.content.primaryKey === true) return true;
    return [...this.#before.values(), ...this.#after.values()].some(
      (one) =>
        one.kind === "primary key" &&
        tableKey(one) === tableKey(column) &&
        Array.isArray(one.content.columns) &&
        one.content.columns.includes(column.name),
    );
  }
}

function keyOf({ kind, schema, table, name }: SnapshotObject): string {
  return JSON.stringify([kind, schema, table ?? null, name]);
}

/** The table of an object, or itself. */
function tableKey({ kind, schema, table, name }: SnapshotObject): string {
  return JSON.stringify([schema, kind === "table" ? name : table]);
}

/** An object of the old schema under the names that the decisions give it. */
function renamed(one: SnapshotObject, { renames }: Decisions): SnapshotObject {
  const rename = (kind: string, name: string, table?: string) =>
    renames.find((own) => own.kind === kind && own.from === name && own.table === table)?.to ??
    name;
  if (one.table === undefined) return { ...one, name: rename(one.kind, one.name) };
  const table = rename("table", one.table);
  return { ...one, table, name: rename(one.kind, one.name, table) };
}

function typeOf({ content: { type, typeSchema, dimensions } }: SnapshotObject): string {
  const array = typeof dimensions === "number" && dimensions > 0 ? "[]".repeat(dimensions) : "";
  const schema = typeof typeSchema === "string" && typeSchema !== "public" ? `${typeSchema}.` : "";
  return `${schema}${String(type)}${array}`;
}

function hasDefault({ content }: SnapshotObject): boolean {
  return content.default !== undefined && content.default !== null;
}

/** True if PostgreSQL gives the column a value that an INSERT leaves out. */
function fillsItself(one: SnapshotObject): boolean {
  const { type, generated, identity } = one.content;
  const isSerial = /^(?:small|big)?serial$/.test(String(type));
  return hasDefault(one) || isSerial || Boolean(generated) || Boolean(identity);
}

/** A column that an INSERT can leave out. */
function optional(one: SnapshotObject): SnapshotObject {
  if (one.content.notNull !== true || fillsItself(one)) return one;
  return { ...one, content: withNull(one.content, true) };
}

function withNull(content: SnapshotPart, allow: boolean): SnapshotPart {
  return allow ? { ...content, notNull: false } : content;
}

function valuesOf({ content }: SnapshotObject): readonly string[] {
  return Array.isArray(content.values)
    ? (content.values as string[])
    : Object.values(partOf(content, "values")).map(String);
}
