import { quoteIdentifier, quoteLiteral } from "../core/quoting.ts";
import type { Fillable, FillableColumn, ValueType } from "./fillable.ts";
import { suggestedBy } from "./suggestions.ts";

/** Writes a value for a row (from 1) and a type modifier such as a length (`atttypmod`, -1 for none). */
type Written = (row: number, modifier: number) => string;

const two = (value: number) => String(value).padStart(2, "0");
const day = (row: number) =>
  `20${two(10 + (Math.trunc(row / 336) % 80))}-${two(1 + (Math.trunc(row / 28) % 12))}-${two(1 + (row % 28))}`;
const clock = (row: number) => `${two(row % 24)}:${two(Math.trunc(row / 24) % 60)}:00`;
const binary = (row: number, length: number) =>
  row.toString(2).padStart(length, "0").slice(-length);

/** Not a number, so that changing the type to a number fails in the proof. */
function words(row: number, length: number): string {
  const full = `row-${row}`;
  if (length < 0 || full.length <= length) return full;
  // Letters first: a value of one character must not be a digit.
  return `${(row + 9).toString(36)}`.slice(-length);
}

function decimal(row: number, modifier: number): string {
  if (modifier < 0) return `${row}.5`;
  const precision = ((modifier - 4) >> 16) & 0xffff;
  const scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
  const whole = precision - scale;
  if (scale < 0) return `${row % 10 ** Math.min(precision, 9)}${"0".repeat(-scale)}`;
  // No digits before the point: the row is in the last digits.
  if (whole <= 0) return `0.${String(row % 10 ** Math.min(precision, 9)).padStart(scale, "0")}`;
  return `${row % 10 ** Math.min(whole, 9)}${scale > 0 ? ".5" : ""}`;
}

const whole: Written = (row) => String(row);
const text: Written = (row, modifier) => words(row, modifier < 0 ? -1 : modifier - 4);
const mac = (row: number) =>
  `08:00:2b:01:${two((row >> 8) & 63)}:${(row & 255).toString(16).padStart(2, "0")}`;

/** Built-in types, and types of extensions that Drizzle supports or projects often use, by name. */
const written: Readonly<Record<string, Written>> = {
  int2: (row) => String(row % 32_000),
  int4: whole,
  int8: whole,
  oid: whole,
  xid: whole,
  xid8: whole,
  cid: whole,
  float4: (row) => `${row}.5`,
  float8: (row) => `${row}.5`,
  numeric: decimal,
  money: (row) => `${row}.50`,
  bool: (row) => (row % 2 === 1 ? "true" : "false"),
  text,
  varchar: text,
  bpchar: text,
  name: (row) => words(row, 63),
  char: (row) => words(row, 1),
  citext: text,
  bytea: (row) => `\\x${row.toString(16).padStart(8, "0")}`,
  uuid: (row) => `00000000-0000-4000-8000-${row.toString(16).padStart(12, "0")}`,
  date: day,
  timestamp: (row) => `${day(row)} 12:00:00`,
  timestamptz: (row) => `${day(row)} 12:00:00+00`,
  time: clock,
  timetz: (row) => `${clock(row)}+00`,
  interval: (row) => `${row} days`,
  json: (row) => `{"row": ${row}}`,
  jsonb: (row) => `{"row": ${row}}`,
  jsonpath: (row) => `$."row-${row}"`,
  xml: (row) => `<row>${row}</row>`,
  inet: (row) => `10.0.${(row >> 8) & 255}.${row & 255}`,
  cidr: (row) => `10.${(row >> 8) & 255}.${row & 255}.0/24`,
  macaddr: mac,
  macaddr8: (row) => `${mac(row)}:00:01`,
  bit: (row, modifier) => binary(row, modifier < 0 ? 1 : modifier),
  varbit: (row, modifier) => binary(row, modifier < 0 ? 16 : Math.min(modifier, 16)),
  tsvector: (row) => `'row' 'n${row}'`,
  tsquery: (row) => `'row' & 'n${row}'`,
  point: (row) => `(${row},${row + 1})`,
  line: (row) => `{1,-1,${row}}`,
  lseg: (row) => `[(${row},0),(${row},1)]`,
  box: (row) => `(${row + 1},1),(${row},0)`,
  path: (row) => `[(${row},0),(${row},1)]`,
  polygon: (row) => `((${row},0),(${row},1),(${row + 1},1))`,
  circle: (row) => `<(${row},0),1>`,
  pg_lsn: (row) => `0/${row.toString(16).toUpperCase()}`,
  tid: (row) => `(0,${row})`,
  pg_snapshot: (row) => `${row}:${row}:`,
  regclass: () => "pg_catalog.pg_class",
  regtype: () => "pg_catalog.int4",
  regproc: () => "pg_catalog.now",
  regprocedure: () => "pg_catalog.now()",
  regnamespace: () => "pg_catalog",
  regconfig: () => "pg_catalog.simple",
  vector: (row, modifier) => dimensions(row, modifier),
  halfvec: (row, modifier) => dimensions(row, modifier),
  sparsevec: (row, modifier) => `{1:${row}}/${Math.max(modifier, 1)}`,
  hstore: (row) => `row=>${row}`,
  ltree: (row) => `row.n${row}`,
  geometry: (row) => `SRID=4326;POINT(${row % 90} ${row % 90})`,
  geography: (row) => `SRID=4326;POINT(${row % 90} ${row % 90})`,
  cube: (row) => `(${row})`,
};

function dimensions(row: number, modifier: number): string {
  return `[${Array.from({ length: Math.max(modifier, 1) }, (_, index) => row + index).join(",")}]`;
}

/**
 * The SQL of a value of a type, different for each row if the type has enough values.
 *
 * @param row from 1
 * @returns undefined for an unknown type
 */
function typeValue(
  types: Fillable["types"],
  typeId: string,
  modifier: number,
  row: number,
): string | undefined {
  const type = types[typeId];
  if (type === undefined) return undefined;
  const inner = (position: number, innerModifier = -1) =>
    type.inner === null ? undefined : typeValue(types, type.inner, innerModifier, position);
  if (type.labels !== null) return cast(type.labels[(row - 1) % type.labels.length], type);
  if (type.kind === "d") return domainValue(types, type, row);
  if (type.kind === "r") return called(type, [inner(row * 10), inner(row * 10 + 5)]);
  if (type.kind === "m") return called(type, [inner(row)]);
  if (type.kind === "c") return composite(types, type, row);
  if (type.category === "A" && type.inner !== null) {
    const elements = [inner(row, modifier), inner(row + 1, modifier)];
    return elements.includes(undefined) ? undefined : `ARRAY[${elements.join(", ")}]`;
  }
  return cast(written[type.name]?.(row, modifier), type);
}

/** Casts without the modifier: a value that is too long fails, instead of being truncated to a duplicate. */
function cast(value: string | undefined, { name, builtin, sql }: ValueType): string | undefined {
  if (value === undefined) return undefined;
  // A cast to bit or char without a length would truncate to length 1.
  const target = builtin && (name === "bit" || name === "bpchar") ? `pg_catalog.${name}` : sql;
  return `${quoteLiteral(value)}::${target}`;
}

function called(type: ValueType, parts: readonly (string | undefined)[]): string | undefined {
  return parts.includes(undefined) ? undefined : `${type.sql}(${parts.join(", ")})`;
}

function composite(types: Fillable["types"], type: ValueType, row: number): string | undefined {
  const parts = (type.attributes ?? []).map((one) => typeValue(types, one.type, one.modifier, row));
  return parts.includes(undefined) ? undefined : `ROW(${parts.join(", ")})::${type.sql}`;
}

/** The first value of the base that the domain's checks accept. */
function domainValue(types: Fillable["types"], type: ValueType, row: number): string | undefined {
  if (type.inner === null) return undefined;
  const checks = type.checks ?? [];
  const value = chosen(
    candidates(types, { type: type.inner, modifier: type.modifier }, row, checks),
    "VALUE",
    checks.map((check) => conditionOf(check).replace(valueWord, quotedValue)),
  );
  return value && `${value}::${type.sql}`;
}

/** Finds `VALUE` as a keyword, not within a literal or a name. */
const valueWord = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\bVALUE\b/g;
const quotedValue = (found: string) => (found === "VALUE" ? '"VALUE"' : found);

/** The SQL of a column's value in a row that satisfies the checks of this column alone. */
export function columnValue(
  types: Fillable["types"],
  { name, type, modifier, sql, default: byDefault, place }: FillableColumn,
  row: number,
  checks: readonly string[],
): string | undefined {
  const number = row + place * stepOf(types[type]?.category);
  const all = candidates(types, { type, modifier }, number, checks);
  const more = checks.length > 0 && byDefault !== null ? [...all, `(${byDefault})`] : all;
  const value = chosen(more, name, checks.map(conditionOf));
  return value && `${value}::${sql}`;
}

/**
 * The difference between the values of neighboring columns: a check can require one date to be after another, and a text
 * must not equal a key that it does not refer to.
 */
function stepOf(category: string | undefined): number {
  if (category === undefined) return 0;
  if ("NDT".includes(category)) return 1;
  return "SU".includes(category) ? 100 : 0;
}

/** The condition of `CHECK (...)`, without options such as NOT VALID. */
export function conditionOf(definition: string): string {
  return definition.replace(/^CHECK /, "").replace(/( NO INHERIT| NOT VALID| NOT ENFORCED)+$/, "");
}

/** An expression for the first candidate that satisfies the conditions, which refer to the value by the column's name. */
function chosen(
  all: readonly string[],
  column: string,
  conditions: readonly string[],
): string | undefined {
  if (conditions.length === 0 || all.length === 0) return all[0];
  const rows = all.map((value) => `(${value})`).join(", ");
  const accepted = conditions.map((condition) => `(${condition}) IS NOT FALSE`).join(" AND ");
  return `(SELECT * FROM (VALUES ${rows}) AS candidates(${quoteIdentifier(column)}) WHERE ${accepted} LIMIT 1)`;
}

/** Values of a type, the most usual first, followed by those that checks suggest. */
function candidates(
  types: Fillable["types"],
  { type: typeId, modifier }: { readonly type: string; readonly modifier: number },
  row: number,
  checks: readonly string[],
): string[] {
  const usual = typeValue(types, typeId, modifier, row);
  const type = types[typeId];
  if (usual === undefined || type === undefined) return [];
  if (checks.length === 0) return [usual];
  const suggested = type.labels ?? suggestedBy(checks, type, row);
  return [usual, ...suggested.flatMap((value) => cast(value, type) ?? [])];
}
