import { type SchemaObject, withoutMark } from "../../catalog/properties.ts";
import { quoteLiteral } from "../../core/quoting.ts";
import { alterOptions } from "./alter-table.ts";
import {
  type Alter,
  assertNone,
  namesSchemaAsValue,
  ownerOf,
  partName,
  type RepairStatement,
  statement,
  text,
} from "./statement.ts";

/** Properties of the attributes of composite types. */
export const alterAttribute: Readonly<Record<string, Alter>> = {
  type: ({ object }) => [changeAttribute(object)],
  // A change of the type sets the collation, too.
  collation: ({ object, found }) =>
    object.properties.type === found.properties.type ? [changeAttribute(object)] : [],
};

function changeAttribute(attribute: SchemaObject): RepairStatement {
  return statement(
    `ALTER TYPE ${ownerOf(attribute)} ALTER ATTRIBUTE ${partName(attribute)} TYPE ${attributeType(attribute)} CASCADE`,
  );
}

/** The type of an attribute, with its collation. */
export function attributeType({ properties: { type, collation } }: SchemaObject): string {
  return `${text(type)}${collation === undefined ? "" : ` COLLATE ${text(collation)}`}`;
}

/** Properties of columns of tables. A property that is not listed cannot be changed. */
export const alterColumn: Readonly<Record<string, Alter>> = {
  type: ({ object: column, found }) => changeType(column, found),
  // A change of the type sets the collation, too.
  collation: ({ object: column, found }) =>
    column.properties.type === found.properties.type ? changeType(column, found) : [],
  "not null": ({ object: column, value }) =>
    value === true
      ? [
          lock(column),
          assertNone(
            `SELECT FROM ${ownerOf(column)} WHERE ${partName(column)} IS NULL`,
            `column ${withoutMark(column.name)} has NULL values`,
          ),
          alter(column, "SET NOT NULL"),
        ]
      : [alter(column, "DROP NOT NULL")],
  // Since PostgreSQL 18, SET NOT NULL validates a constraint that is not valid.
  "not null not valid": ({ object: column, value }) =>
    value === undefined ? [alter(column, "SET NOT NULL")] : "a constraint cannot be made invalid",
  default: ({ object: column, value }) => {
    // A generated column's expression is not a default.
    if (value === undefined) return [alter(column, "DROP DEFAULT")];
    const expression = text(value) ?? "";
    if (namesSchemaAsValue(expression)) return "its default contains the name of the schema";
    return [alter(column, `SET DEFAULT ${expression}`)];
  },
  generated: ({ object: column, value, was }) =>
    value === undefined
      ? [alter(column, "DROP EXPRESSION")]
      : regenerate(column, was === undefined),
  identity: ({ object: column, value, was }) => {
    if (value === undefined) return [alter(column, "DROP IDENTITY")];
    if (was !== undefined) return [alter(column, `SET GENERATED ${text(value)}`)];
    return addIdentity(column, text(value) ?? "");
  },
  storage: ({ object: column, value }) => [
    alter(column, `SET STORAGE ${text(value) ?? usualStorage(column)}`),
  ],
  compression: ({ object: column, value }) => [
    alter(column, `SET COMPRESSION ${text(value) ?? "default"}`),
  ],
  "statistics target": ({ object: column, value }) => [
    alter(column, `SET STATISTICS ${text(value) ?? -1}`),
  ],
  options: ({ object: column, value, was }) =>
    alterOptions(`ALTER TABLE ${ownerOf(column)} ALTER COLUMN ${partName(column)}`, value, was),
};

/** Adds a column with what ADD COLUMN can contain. */
export function addColumn(column: SchemaObject): RepairStatement[] {
  const { properties } = column;
  const clauses = [
    ...(properties.collation === undefined ? [] : [`COLLATE ${text(properties.collation)}`]),
    ...(properties.generated === undefined
      ? []
      : [`GENERATED ALWAYS AS ${generatedClause(column)}`]),
    ...(properties.identity === undefined
      ? []
      : [`GENERATED ${text(properties.identity)} AS IDENTITY`]),
    ...(properties.default === undefined ? [] : [`DEFAULT ${text(properties.default)}`]),
    ...(properties["not null"] === true ? ["NOT NULL"] : []),
  ];
  const all = [partName(column), text(properties.type), ...clauses].join(" ");
  const needsValue =
    properties["not null"] === true &&
    [properties.default, properties.generated, properties.identity].every(
      (one) => one === undefined,
    );
  return [
    ...(needsValue
      ? [
          lock(column),
          assertNone(
            `SELECT FROM ${ownerOf(column)}`,
            `column ${withoutMark(column.name)} is NOT NULL without a default, and its table has rows`,
          ),
        ]
      : []),
    statement(`ALTER TABLE ${ownerOf(column)} ADD COLUMN ${all}`),
  ];
}

/** The properties that `addColumn` sets. */
export const addedWithColumn = [
  "type",
  "collation",
  "generated",
  "identity",
  "default",
  "not null",
];

function alter(column: SchemaObject, action: string): RepairStatement {
  return statement(`ALTER TABLE ${ownerOf(column)} ALTER COLUMN ${partName(column)} ${action}`);
}

function lock(column: SchemaObject): RepairStatement {
  return statement(`LOCK TABLE ${ownerOf(column)} IN ACCESS EXCLUSIVE MODE`);
}

/** Changes the type, unless a value would not survive the change there and back. */
function changeType(column: SchemaObject, found: SchemaObject): RepairStatement[] {
  const [type = "", was = ""] = [column, found].map((one) => text(one.properties.type));
  const name = partName(column);
  const collation = text(column.properties.collation);
  const collate = collation === undefined ? "" : ` COLLATE ${collation}`;
  const value = text(column.properties.default);
  return [
    lock(column),
    assertNone(
      `SELECT FROM ${ownerOf(column)} WHERE (${name}::${type})::${was}::text IS DISTINCT FROM ${name}::text`,
      `column ${withoutMark(column.name)} has values that type ${withoutMark(type)} would change`,
    ),
    // The default may have no cast to the new type.
    ...(found.properties.default === undefined ? [] : [alter(column, "DROP DEFAULT")]),
    alter(column, `TYPE ${type}${collate} USING ${name}::${type}`),
    ...(value === undefined ? [] : [alter(column, `SET DEFAULT ${value}`)]),
  ];
}

/**
 * Makes a column generated again. PostgreSQL cannot do that to an existing column, so it is created anew, unless a value differs
 * from what would be generated.
 *
 * @param isPlain true if the column is not generated now: its values could be lost
 */
function regenerate(column: SchemaObject, isPlain: boolean): RepairStatement[] {
  const name = partName(column);
  const expression = generatedClause(column).replace(/ (?:STORED|VIRTUAL)$/, "");
  return [
    lock(column),
    ...(isPlain
      ? [
          assertNone(
            `SELECT FROM ${ownerOf(column)} WHERE ${name} IS DISTINCT FROM ${expression}`,
            `column ${withoutMark(column.name)} has values that differ from its expression`,
          ),
        ]
      : []),
    statement(`ALTER TABLE ${ownerOf(column)} DROP COLUMN ${name}`),
    ...addColumn(column),
  ];
}

/** The expression in parentheses, and STORED or VIRTUAL. */
function generatedClause({ properties }: SchemaObject): string {
  const generated = text(properties.generated) ?? "";
  const [, expression = "", how = ""] = /^(.*) (STORED|VIRTUAL)$/s.exec(generated) ?? [];
  return `(${expression}) ${how}`;
}

/** Makes a column an identity column whose next value follows those that exist. */
function addIdentity(column: SchemaObject, always: string): RepairStatement[] {
  const { of } = column;
  const name = partName(column);
  const next = `coalesce((SELECT max(${name}) FROM ${of ?? ""}), 0) + 1`;
  const sequence = `pg_get_serial_sequence(${quoteLiteral(of ?? "")}, ${quoteLiteral(unquoted(name))})`;
  return [
    lock(column),
    alter(column, `ADD GENERATED ${always} AS IDENTITY`),
    statement(`SELECT pg_catalog.setval(${sequence}, ${next}, false)`),
  ];
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

/** The storage that most columns of a type have. Before PostgreSQL 16, SET STORAGE has no word for it. */
function usualStorage({ properties }: SchemaObject): string {
  return /^(?:numeric|inet|cidr)\b/.test(text(properties.type) ?? "") ? "MAIN" : "EXTENDED";
}
