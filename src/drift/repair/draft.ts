import { type PropertyValue, type SchemaObject, schemaMark } from "../../catalog/properties.ts";
import type { DriftDifference } from "../../core/drift.ts";
import type { StructureSql } from "../../dump/types.ts";
import type { ObjectChange } from "../differences.ts";
import { undecidedValue } from "../environment.ts";
import { alterAttribute, alterColumn } from "./alter-column.ts";
import { alterAny, alterSequence, alterState, alterStatistics, alterType } from "./alter-other.ts";
import {
  alterIndexed,
  alterMaterializedView,
  alterRelation,
  alterSchema,
  alterView,
} from "./alter-table.ts";
import { type Creation, createMissing, createWhole, replaceIndex } from "./create.ts";
import { dropExtra, dropObject } from "./drop.ts";
import { alterDefaultPrivileges } from "./privileges.ts";
import { rebuildEnum } from "./rebuild-enum.ts";
import { type Alter, type ObjectRepair, type RepairStatement, text } from "./statement.ts";

/** The repair of one difference. */
export interface RepairedDifference {
  readonly difference: DriftDifference;
  readonly statements: readonly RepairStatement[];
}

/** A difference without a repair, and why. */
export interface UnrepairedDifference {
  readonly difference: DriftDifference;
  readonly reason: string;
}

/** The repairs of a shape's differences, before they are proved. */
export interface RepairDraft {
  readonly repaired: readonly RepairedDifference[];
  readonly unrepaired: readonly UnrepairedDifference[];
}

/** What a draft is made from. */
export interface DraftSource {
  readonly expected: readonly SchemaObject[];
  readonly found: readonly SchemaObject[];
  /** The SQL of the expected schema; undefined if it cannot be read. */
  readonly structure: StructureSql | undefined;
}

/** Writes the SQL that repairs each change, as far as there is any. */
export function draftRepair(changes: readonly ObjectChange[], source: DraftSource): RepairDraft {
  const drafter = new Drafter(source);
  const repairs = changes.map((change) => ({
    difference: change.difference,
    repair: drafter.repairOf(change),
  }));
  return {
    repaired: repairs.flatMap(({ difference, repair }) =>
      typeof repair === "string" ? [] : { difference, statements: repair },
    ),
    unrepaired: repairs.flatMap(({ difference, repair }) =>
      typeof repair === "string" ? { difference, reason: repair } : [],
    ),
  };
}

/** Kinds of objects that are dropped and created anew where ALTER cannot change them. */
const recreated = new Set([
  ...["constraint", "index", "trigger", "rule", "policy", "statistics object"],
  ...["view", "materialized view", "function", "procedure", "aggregate", "operator", "collation"],
  ...["text search configuration", "text search dictionary"],
]);

/** How to change the properties of each kind. */
const handlers: Readonly<Record<string, Readonly<Record<string, Alter>>>> = {
  schema: alterSchema,
  table: alterRelation,
  "foreign table": alterRelation,
  view: alterView,
  "materialized view": alterMaterializedView,
  column: alterColumn,
  attribute: alterAttribute,
  constraint: alterIndexed,
  index: alterIndexed,
  trigger: { state: alterState },
  rule: { state: alterState },
  sequence: alterSequence,
  domain: alterType,
  type: alterType,
  "statistics object": alterStatistics,
};

class Drafter {
  readonly #source: DraftSource;
  readonly #kinds: ReadonlyMap<string, string>;
  readonly #schemaOwner: string | undefined;

  constructor(source: DraftSource) {
    this.#source = source;
    const all = [...source.found, ...source.expected];
    this.#kinds = new Map(all.flatMap((one) => (canHaveParts(one) ? [[one.name, one.kind]] : [])));
    const schema = source.expected.find(({ kind }) => kind === "schema");
    this.#schemaOwner = text(schema?.properties.owner);
  }

  repairOf({ expected, found, parts }: ObjectChange): ObjectRepair {
    const one = expected ?? found;
    if (one === undefined) return [];
    if (one.kind === "default privileges") {
      const [value, was] = [expected, found].map((side) => side?.properties.privileges);
      return alterDefaultPrivileges(one, value, was, this.#schemaOwner);
    }
    const ownerKind = this.#ownerKind(one);
    // A view's columns change with its definition, the sequence of an identity column with the column.
    if (one.kind === "column" && isView(ownerKind) && expected === undefined) return [];
    if (isIdentitySequence(one) && (expected === undefined || found === undefined)) return [];
    if (expected === undefined) return dropExtra(one, ownerKind);
    return found === undefined ? this.#create(one, parts) : this.#change(one, found);
  }

  #create(object: SchemaObject, parts: readonly SchemaObject[]): ObjectRepair {
    const { structure } = this.#source;
    const creation = createMissing({
      object,
      parts,
      structure,
      ownerKind: this.#ownerKind(object),
    });
    return typeof creation === "string" ? creation : this.#complete(creation, object, parts);
  }

  /** Adds what a creation leaves out, such as privileges. */
  #complete(
    { statements, sets }: Creation,
    object: SchemaObject,
    parts: readonly SchemaObject[],
  ): ObjectRepair {
    const rest = [object, ...parts].map((one) =>
      this.#alter(one, afterCreation(one, one === object ? sets : undefined)),
    );
    const reason = rest.find((one) => typeof one === "string");
    return reason ?? [...statements, ...rest.flat().filter((one) => typeof one !== "string")];
  }

  #change(object: SchemaObject, found: SchemaObject): ObjectRepair {
    const altered = this.#alter(object, found);
    if (typeof altered === "string" && object.properties.labels !== undefined)
      return rebuildEnum(object, this.#source);
    const canRecreate = typeof altered === "string" && recreated.has(object.kind);
    return canRecreate ? this.#recreate(object, found) : altered;
  }

  /** Changes each property that differs. */
  #alter(object: SchemaObject, found: SchemaObject): ObjectRepair {
    const ownerKind = this.#ownerKind(object);
    const names = Object.keys({ ...found.properties, ...object.properties });
    const repairs = names.map((name): ObjectRepair => {
      const [value, was] = [object, found].map((one) => one.properties[name] ?? undefined);
      if (isEqual(value, was) || value === undecidedValue) return [];
      const alter = handlers[object.kind]?.[name] ?? alterAny[name];
      return alter?.({ object, found, ownerKind, value, was }) ?? `its ${name} cannot be changed`;
    });
    return repairs.find((one) => typeof one === "string") ?? (repairs.flat() as RepairStatement[]);
  }

  /** Replaces an object, or drops it and creates it as expected. */
  #recreate(object: SchemaObject, found: SchemaObject): ObjectRepair {
    const replaced = this.#replace(object, found);
    if (replaced !== undefined) return replaced;
    const isPartitioned = text(object.properties.definition)?.includes(" ON ONLY ") === true;
    if (object.kind === "index" && !isPartitioned) {
      const creation = replaceIndex(object);
      return typeof creation === "string" ? creation : this.#complete(creation, object, []);
    }
    const parts = this.#source.expected.filter(({ of, kind, properties: { parent } }) =>
      object.kind === "index"
        ? kind === "index" && parent === `${schemaMark}.${object.name}`
        : of === object.name && kind !== "column",
    );
    const created = this.#create(object, parts);
    if (typeof created === "string") return created;
    return [dropObject(found, this.#ownerKind(found)), ...created];
  }

  /** Replaces an object in place; undefined if PostgreSQL cannot. */
  #replace(object: SchemaObject, found: SchemaObject): ObjectRepair | undefined {
    const columns = (all: readonly SchemaObject[]) =>
      all.flatMap(({ kind, of, name, properties }) =>
        kind === "column" && of === object.name ? [[name, properties.type]] : [],
      );
    const { expected, found: all, structure } = this.#source;
    const isRoutine = object.kind === "function" || object.kind === "procedure";
    const canReplace = isRoutine
      ? ["arguments", "result"].every((name) => object.properties[name] === found.properties[name])
      : object.kind === "view" && isEqual(columns(expected), columns(all));
    const statements = canReplace ? createWhole([object], structure) : "";
    if (typeof statements === "string") return undefined;
    const { privileges, owner, comment } = found.properties;
    const kept = { ...object.properties, privileges, owner, comment };
    const rest = this.#alter(object, { ...found, properties: defined(kept) });
    return typeof rest === "string" ? rest : [...statements.map(replacing), ...rest];
  }

  /** The kind of what an object is a part of. */
  #ownerKind({ of }: SchemaObject): string {
    return this.#kinds.get(of ?? "") ?? "table";
  }
}

/** CREATE OR REPLACE for the CREATE of a view; PostgreSQL writes it for routines. */
function replacing(one: RepairStatement): RepairStatement {
  const [first = "", ...rest] = one.sql;
  return { ...one, sql: [first.replace(/^CREATE VIEW /, "CREATE OR REPLACE VIEW "), ...rest] };
}

/** True for what can have parts: routines can have the same names. */
function canHaveParts({ of, kind, name }: SchemaObject): boolean {
  return of === null && !name.includes("(") && kind !== "sequence";
}

function isView(kind: string): boolean {
  return kind === "view" || kind === "materialized view";
}

/** The sequence of an identity column, which exists with the column's property. */
function isIdentitySequence({ kind, of }: SchemaObject): boolean {
  return kind === "sequence" && of !== null;
}

/** An object that was just created. Others than its owner may have no privileges on it yet. */
function afterCreation(object: SchemaObject, sets: Creation["sets"]): SchemaObject {
  const { privileges, publications: _, ...rest } = object.properties;
  const own = typeof privileges === "object" ? privileges?.["(owner)"] : undefined;
  const privilegesThen = own === undefined ? {} : { privileges: { "(owner)": own } };
  return { ...object, properties: defined({ ...privilegesThen, ...(sets ?? rest) }) };
}

function defined(properties: Readonly<Record<string, PropertyValue | undefined>>) {
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, value]): [string, PropertyValue][] =>
      value === undefined ? [] : [[name, value]],
    ),
  );
}

function isEqual(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
