import { createHash } from "node:crypto";
import type { PropertyValue, SchemaObject } from "../../catalog/properties.ts";
import { quoteIdentifier } from "../../core/quoting.ts";
import type { StructureSql } from "../../dump/types.ts";
import { addColumn, addedWithColumn, attributeType } from "./alter-column.ts";
import { plainName } from "./alter-table.ts";
import {
  fromTemplate,
  namesSchemaAsValue,
  ownerOf,
  partName,
  type RepairStatement,
  statement,
  text,
  wordFor,
} from "./statement.ts";

/** How to create an object that is missing. */
export interface Creation {
  readonly statements: readonly RepairStatement[];
  /** The properties that the object has then; undefined: all that are expected but those that `creationSets` leaves out. */
  readonly sets?: Readonly<Record<string, PropertyValue | undefined>>;
}

/** An object that is missing, and what a creation needs to know. */
export interface Missing {
  readonly object: SchemaObject;
  /** What belongs to it and is missing with it. */
  readonly parts: readonly SchemaObject[];
  /** The kind of what it is a part of. */
  readonly ownerKind: string;
  /** The SQL of the expected schema; undefined if it cannot be read. */
  readonly structure: StructureSql | undefined;
}

/**
 * Creates an object that is missing, with what belongs to it.
 *
 * @returns a text if it cannot be created: the reason
 */
export function createMissing(missing: Missing): Creation | string {
  const { object, parts, structure } = missing;
  const create = ownStatements[object.kind];
  if (create === undefined || isOfPartitionedTable(object)) {
    const statements = createWhole([object, ...parts], structure);
    return typeof statements === "string" ? statements : { statements };
  }
  const creation = create(missing);
  if (typeof creation === "string" || parts.length === 0) return creation;
  // A column with its own sequence, which must exist before the column's default and be owned by the column afterwards.
  const owned = createWhole(parts, structure);
  if (typeof owned === "string") return owned;
  const isLast = ({ sql }: RepairStatement) => sql.join("").includes(" OWNED BY ");
  return {
    ...creation,
    statements: [
      ...owned.filter((one) => !isLast(one)),
      ...creation.statements,
      ...owned.filter(isLast),
    ],
  };
}

/** Creates objects with the SQL of the expected schema, in its order. */
export function createWhole(
  objects: readonly SchemaObject[],
  structure: StructureSql | undefined,
): RepairStatement[] | string {
  if (structure === undefined) return "the SQL of the expected schema cannot be read";
  const { parts, creators } = structure;
  const wanted = new Set(objects.flatMap(({ key }) => (key === null ? [] : [creators[key]])));
  if (wanted.has(undefined)) return "SQL for this kind of object cannot be written";
  const isWanted = (key: string) => wanted.has(key) || wanted.has(creators[key] ?? key);
  return parts
    .filter(({ key, needs }) => isWanted(key) || (!isObject(key) && needs.some(isWanted)))
    .flatMap((part) => part.statements.map(fromTemplate));
}

/** False for the key of something about an object, such as its comment. */
function isObject(key: string): boolean {
  return key.startsWith("pg_");
}

/** The index of a partitioned table is attached to those of the partitions. */
function isOfPartitionedTable({ kind, properties }: SchemaObject): boolean {
  return kind === "index" && text(properties.definition)?.includes(" ON ONLY ") === true;
}

/** Objects with a statement of their own, which their properties contain. */
const ownStatements: Readonly<Record<string, (missing: Missing) => Creation | string>> = {
  column: ({ object, ownerKind }) => {
    if (ownerKind === "table")
      return { statements: addColumn(object), sets: pick(object, addedWithColumn) };
    // A view's columns come and go with its definition.
    return { statements: [] };
  },
  attribute: ({ object }) => {
    const sql = `ALTER TYPE ${ownerOf(object)} ADD ATTRIBUTE ${partName(object)} ${attributeType(object)} CASCADE`;
    return createdBy(sql, pick(object, ["type", "collation"]));
  },
  constraint: ({ object, ownerKind }) => {
    const { definition, validated } = object.properties;
    const unchecked = validated === false ? " NOT VALID" : "";
    const sql = `ALTER ${wordFor(ownerKind)} ${ownerOf(object)} ADD CONSTRAINT ${partName(object)} ${text(definition)}${unchecked}`;
    return createdBy(sql, pick(object, ["definition", "validated", "index valid"]));
  },
  index: ({ object }) => createIndex(object, object.name),
  trigger: ({ object }) => withDefinition(object, { state: "enabled" }),
  rule: ({ object }) => withDefinition(object, { state: "enabled" }),
  policy: ({ object }) =>
    createdBy(createPolicy(object), { ...object.properties, comment: undefined }),
  "statistics object": ({ object }) => withDefinition(object, pick(object, ["owner"])),
};

/**
 * Creates an index without blocking writes to its table.
 *
 * @param name its name, or another one, quoted if necessary
 */
function createIndex(index: SchemaObject, name: string): Creation | string {
  const definition = text(index.properties.definition) ?? "";
  if (namesSchemaAsValue(definition)) return "its definition contains the name of the schema";
  const sql = definition.replace(
    /^CREATE (UNIQUE )?INDEX (?:"(?:[^"]|"")+"|\S+) ON /,
    (_, unique = "") => `CREATE ${unique}INDEX CONCURRENTLY ${name} ON `,
  );
  const concurrently = { action: "createIndex", name: plainName(name), tolerant: false } as const;
  return {
    statements: [statement(sql, { concurrently })],
    sets: pick(index, ["definition", "valid"]),
  };
}

/** Builds an index anew beside the one that it replaces, so that nothing is lost if it cannot be built. */
export function replaceIndex(index: SchemaObject): Creation | string {
  const name = `fleet_fix_${createHash("sha256").update(index.name).digest("hex").slice(0, 12)}`;
  const creation = createIndex(index, name);
  if (typeof creation === "string") return creation;
  const concurrently = { action: "dropIndex", name, tolerant: true } as const;
  return {
    ...creation,
    statements: [
      // An interrupted repair may have left it.
      statement(`DROP INDEX CONCURRENTLY IF EXISTS {schema}.${name}`, { concurrently }),
      ...creation.statements,
      statement(`DROP INDEX {schema}.${index.name}`),
      statement(`ALTER INDEX {schema}.${name} RENAME TO ${index.name}`),
    ],
  };
}

function withDefinition(
  object: SchemaObject,
  sets: Readonly<Record<string, PropertyValue | undefined>>,
): Creation | string {
  const definition = text(object.properties.definition) ?? "";
  return createdBy(definition, { ...pick(object, ["definition"]), ...sets });
}

function createdBy(sql: string, sets: NonNullable<Creation["sets"]>): Creation | string {
  if (namesSchemaAsValue(sql)) return "its definition contains the name of the schema";
  return { statements: [statement(sql.replace(/;\s*$/, ""))], sets };
}

function pick({ properties }: SchemaObject, names: readonly string[]) {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => names.includes(name)));
}

function createPolicy(policy: SchemaObject): string {
  const { command, permissive, roles, using, "with check": check } = policy.properties;
  const names = (text(roles) ?? "PUBLIC")
    .split(", ")
    .map((role) => (role === "PUBLIC" ? role : quoteIdentifier(role)));
  return [
    `CREATE POLICY ${partName(policy)} ON ${ownerOf(policy)} AS ${permissive === true ? "PERMISSIVE" : "RESTRICTIVE"}`,
    `FOR ${text(command)} TO ${names.join(", ")}`,
    ...(using === undefined ? [] : [`USING (${text(using)})`]),
    ...(check === undefined ? [] : [`WITH CHECK (${text(check)})`]),
  ].join(" ");
}
