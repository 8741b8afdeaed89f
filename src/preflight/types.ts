import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import type { Tree } from "../sql/parser.ts";
import { isTree, stringsOf } from "../sql/tree.ts";
import { type Asserted, assertion, notAsserted, remedies } from "./assertion.ts";
import type { Subject } from "./constraints.ts";
import { keyOf, relationNamed, type TableCommand, templateOf } from "./statement.ts";

/** ALTER COLUMN TYPE: values that the new type does not accept. */
export function assertType(subject: Subject, { name: column, definition }: TableCommand): Asserted {
  const { pending, table, changes } = subject;
  const before = changes.before(table, [column]);
  if (before.kind === "changed") return notAsserted(pending, before.reason);
  if (before.kind !== "same") return undefined;
  const type = typeOf(definition.typeName);
  const using = usingOf(definition.raw_default);
  if (type === undefined || using === "expression")
    return notAsserted(pending, `the new value of ${keyOf(table)}.${column} is an expression`);
  const change: TypeChange = { subject, column, type };
  if (["text", "varchar", "bpchar"].includes(type.name) && !type.isArray)
    // An explicit cast to varchar(n) cuts without an error.
    return type.modifiers.length === 0 || using === "sized" ? undefined : assertLength(change);
  const labels = type.isOwn ? changes.enums.get(type.key) : undefined;
  return labels === undefined ? assertInput(change) : assertLabels(change, labels);
}

/** A column that gets another type. */
interface TypeChange {
  readonly subject: Subject;
  readonly column: string;
  readonly type: NewType;
}

function valuesOf({ subject, column }: TypeChange): string {
  return `values of ${keyOf(subject.table)}.${column}`;
}

function assertLength(change: TypeChange): Asserted {
  const { subject, column, type } = change;
  const longest = type.modifiers[0] ?? 0;
  // Spaces at the end are cut without an error.
  const length = `pg_catalog.length(pg_catalog.rtrim(${quoteIdentifier(column)}::text, ' '))`;
  return assertion(
    subject.pending,
    `${valuesOf(change)} are longer than ${longest} characters`,
    `SELECT FROM ${subject.table.sql} WHERE ${length} > ${longest}`,
    remedies.type,
  );
}

/** The rows in which a value, or an element of an array, meets a condition. The value is its text. */
function rowsWhere(
  { subject, column, type }: TypeChange,
  condition: (value: string) => string,
): string {
  const name = quoteIdentifier(column);
  const where = type.isArray
    ? `EXISTS (SELECT FROM pg_catalog.unnest(${name}::text[]) AS value WHERE ${condition("value")})`
    : condition(`${name}::text`);
  return `SELECT FROM ${subject.table.sql} WHERE ${where}`;
}

/** The labels of an enum that a pending statement creates. */
function assertLabels(change: TypeChange, labels: readonly string[]): Asserted {
  const list = labels.map(quoteLiteral).join(", ");
  const rows = rowsWhere(change, (value) =>
    list === "" ? `${value} IS NOT NULL` : `${value} NOT IN (${list})`,
  );
  const message = `${valuesOf(change)} are not in the new enum ${change.type.label}`;
  return assertion(change.subject.pending, message, rows, remedies.enum);
}

/** Before PostgreSQL 16, only the labels of an existing enum can be compared without an error. */
function assertInput(change: TypeChange): Asserted {
  const { subject, column, type } = change;
  const literal = quoteLiteral(type.sql);
  const inEnum = (more: string) =>
    `EXISTS (SELECT FROM pg_catalog.pg_enum WHERE enumtypid = pg_catalog.to_regtype(${literal})${more})`;
  const rows = rowsWhere(
    change,
    (value) => `NOT pg_catalog.pg_input_is_valid(${inputFor(type, column, value)}, ${literal})`,
  );
  const older = rowsWhere(
    change,
    (value) =>
      `${value} IS NOT NULL AND ${inEnum("")} AND NOT ${inEnum(` AND enumlabel = ${value}`)}`,
  );
  const remedy = type.isOwn ? remedies.enum : remedies.type;
  return {
    ...assertion(subject.pending, `${valuesOf(change)} are no valid ${type.label}`, rows, remedy),
    before16: type.isOwn ? templateOf(older) : "none",
  };
}

interface NewType {
  /** Without its schema. */
  readonly name: string;
  readonly key: string;
  /** As to_regtype reads it, looked up on the search_path if it is in the tenant schema. */
  readonly sql: string;
  readonly label: string;
  readonly modifiers: readonly number[];
  readonly isArray: boolean;
  /** True if it is not one of PostgreSQL's own types. */
  readonly isOwn: boolean;
}

function typeOf(node: unknown): NewType | undefined {
  const { names, typmods, arrayBounds } = isTree(node) ? node : {};
  const parts = stringsOf(names);
  if (parts === undefined) return undefined;
  const { schema, name } = relationNamed(parts);
  const modifiers = modifiersIn(typmods);
  if (modifiers === undefined) return undefined;
  const sized = modifiers.length === 0 ? "" : `(${modifiers.join(", ")})`;
  const isBuiltin = schema === "pg_catalog" || (schema === undefined && builtins.has(name));
  const qualified = [...(schema === undefined ? [] : [schema]), name]
    .map(quoteIdentifier)
    .join(".");
  return {
    ...{ name, modifiers, isOwn: !isBuiltin, isArray: arrayBounds !== undefined },
    key: keyOf(relationNamed(parts)),
    sql: `${qualified}${sized}`,
    label: `${spoken[name] ?? name}${sized}`,
  };
}

/** Names without a schema are those of the tenant, except these. */
const builtins = new Set(
  "text uuid json jsonb date bytea inet cidr macaddr money xml name oid timestamp timestamptz time timetz".split(
    " ",
  ),
);

const spoken: Readonly<Record<string, string>> = {
  ...{ int2: "smallint", int4: "integer", int8: "bigint", bool: "boolean", bpchar: "char" },
  ...{ float4: "real", float8: "double precision" },
};

/** The numbers in parentheses after a type; undefined for anything else there. */
function modifiersIn(list: unknown): number[] | undefined {
  const found: number[] = [];
  for (const item of Array.isArray(list) ? list : []) {
    const constant = isTree(item) && isTree(item.A_Const) ? item.A_Const : {};
    if (!isTree(constant.ival)) return undefined;
    found.push(Number(constant.ival.ival ?? 0));
  }
  return found;
}

/** What follows USING: nothing or a cast of the column, one with a length, or another expression. */
function usingOf(node: unknown): "cast" | "sized" | "expression" {
  if (node === undefined) return "cast";
  let inner: Tree = isTree(node) ? node : {};
  const outer =
    isTree(inner.TypeCast) && isTree(inner.TypeCast.typeName) ? inner.TypeCast.typeName : {};
  while (isTree(inner.TypeCast) && isTree(inner.TypeCast.arg)) inner = inner.TypeCast.arg;
  if (!("ColumnRef" in inner)) return "expression";
  return outer.typmods === undefined ? "cast" : "sized";
}

/** Casts from numbers round, and those from boolean give 0 or 1; the text of such a value is not valid input. */
function inputFor({ name, isArray }: NewType, column: string, each: string): string {
  if (!["int2", "int4", "int8"].includes(name) || isArray) return each;
  const value = quoteIdentifier(column);
  const type = `pg_catalog.pg_typeof(${value})::oid`;
  return `CASE WHEN ${type} IN (1700, 700, 701) THEN pg_catalog.round(${each}::numeric)::text WHEN ${type} = 16 THEN '1' ELSE ${each} END`;
}
