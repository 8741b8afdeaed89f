import { quoteLiteral } from "../core/quoting.ts";
import type { Layout } from "../source/folder.ts";
import { extraConfig, tableColumns } from "./drizzle-tables.ts";

// drizzle-kit writes some values of a Drizzle schema incorrectly, often without an error: quotes in JSON and arrays, NaN,
// buffers, parameters (0.31); backslashes, the text "NULL" and braces in arrays (1.0). The functions here put correct SQL
// into the loaded schema before drizzle-kit sees it. Values that drizzle-kit writes correctly stay as they are, so that
// its snapshots do not change.

/** Makes an SQL object from a text, as drizzle-orm's `sql.raw` does. */
type Raw = (text: string) => unknown;

/** An SQL object of drizzle-orm, whichever copy of drizzle-orm made it. */
interface SqlObject {
  inlineParams(): SqlObject;
  toQuery(config: object): { readonly sql: string; readonly params: readonly unknown[] };
}

interface DrizzleColumn {
  default?: unknown;
  generated?: { as?: unknown };
  readonly baseColumn?: DrizzleColumn;
  getSQLType(): string;
}

/**
 * Replaces the values that drizzle-kit would write incorrectly, in the loaded schema itself.
 *
 * @param exported everything that the schema files export
 * @param loadRaw loads drizzle-orm's `sql.raw`; called only if it is needed
 */
export async function correctValues(
  exported: readonly unknown[],
  layout: Layout,
  loadRaw: () => Promise<Raw>,
): Promise<void> {
  for (const object of exported) {
    if (typeof object !== "object" || object === null) continue;
    if ("using" in object || "withCheck" in object) inlineIn(object);
    if (!(tableColumns in object)) continue;
    inlineExtras(object);
    for (const column of Object.values(object[tableColumns] as Record<string, DrizzleColumn>)) {
      inlineGenerated(column);
      const text = defaultText(column, layout);
      if (text !== undefined) column.default = (await loadRaw())(text);
    }
  }
}

/** A parameter in a definition would stay `$1`, for which the server has no value. */
function inlineIn(object: object): void {
  for (const value of Object.values(object)) {
    if (isSql(value)) value.inlineParams();
    else if (Array.isArray(value)) inlineIn(value);
  }
}

/** A function of the table makes its indexes, checks and policies, each time it is called. */
function inlineExtras(table: object): void {
  const build: unknown = Reflect.get(table, extraConfig);
  if (typeof build !== "function" || inlined.has(build)) return;
  const wrapped = (...given: unknown[]) => {
    const extras: unknown = build.apply(table, given);
    for (const extra of Object.values(extras ?? {}).flat()) {
      if (typeof extra !== "object" || extra === null) continue;
      inlineIn(extra);
      const config: unknown = Reflect.get(extra, "config");
      if (typeof config === "object" && config !== null) inlineIn(config);
    }
    return extras;
  };
  inlined.add(wrapped);
  Reflect.set(table, extraConfig, wrapped);
}

const inlined = new WeakSet<object>();

function inlineGenerated({ generated }: DrizzleColumn): void {
  const as: unknown = generated?.as;
  if (generated === undefined) return;
  if (isSql(as)) as.inlineParams();
  if (typeof as !== "function" || inlined.has(as)) return;
  const wrapped = () => {
    const made: unknown = as();
    return isSql(made) ? made.inlineParams() : made;
  };
  inlined.add(wrapped);
  generated.as = wrapped;
}

/** The SQL of a column's default if drizzle-kit would write it incorrectly; otherwise undefined. */
function defaultText(column: DrizzleColumn, layout: Layout): string | undefined {
  const value = column.default;
  const type = column.getSQLType().toLowerCase();
  if (isSql(value)) return parametersOf(value);
  if (typeof value === "number") return Number.isFinite(value) ? undefined : literal(String(value));
  if (Buffer.isBuffer(value)) return literal(bytes(value));
  if (Array.isArray(value) && isArray(column, type))
    return isHardArray(value, layout) ? literal(arrayText(value, column)) : undefined;
  // drizzle-kit 1.0 doubles the backslashes of texts, which is correct only in E''. Those in JSON are correct.
  if (typeof value === "string")
    return layout === "folders" && value.includes("\\") && !isJson(type)
      ? literal(value)
      : undefined;
  return layout === "journal" ? journalDefault(value, column, type) : undefined;
}

/** Defaults that drizzle-kit 0.31 cannot write: large integers, JSON with a quote, and objects that are not JSON. */
function journalDefault(value: unknown, column: DrizzleColumn, type: string): string | undefined {
  if (typeof value === "bigint") {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) return String(value);
    column.default = number;
    return undefined;
  }
  if (isJson(type)) {
    const json = JSON.stringify(value) ?? "";
    return json.includes("'") ? `${literal(json)}::${type}` : undefined;
  }
  if (typeof value !== "object" || value === null || value instanceof Date) return undefined;
  return literal(driverText(value, column));
}

/** The SQL of an expression that contains parameters; undefined if it contains none. */
function parametersOf(value: SqlObject): string | undefined {
  const config = {
    escapeName: (name: string) => `"${name.replaceAll('"', '""')}"`,
    escapeParam: (index: number) => `$${index + 1}`,
    escapeString: literal,
    casing: { getColumnCasing: ({ name }: { readonly name: string }) => name },
  };
  if (value.toQuery(config).params.length === 0) return undefined;
  return value.inlineParams().toQuery(config).sql;
}

/** drizzle-orm 0.45 wraps the column of an array's elements in another column; 1.0 counts dimensions. */
function isArray(column: DrizzleColumn, type: string): boolean {
  const dimensions: unknown = Reflect.get(column, "dimensions");
  const counted = typeof dimensions === "number" && dimensions > 0 && !type.startsWith("vector");
  return type.endsWith("]") || counted;
}

function isHardArray(values: readonly unknown[], layout: Layout): boolean {
  return values.some((value) => {
    if (Array.isArray(value)) return isHardArray(value, layout);
    if (typeof value === "string")
      return layout === "journal" ? /['"\\]/.test(value) : /^\s|\s$|[{}]|^null$/i.test(value);
    if (value === null || Buffer.isBuffer(value)) return true;
    if (typeof value === "number") return !Number.isFinite(value);
    if (typeof value !== "object" || value instanceof Date) return false;
    return /['\\]/.test(JSON.stringify(value));
  });
}

/** An array in PostgreSQL's text format. */
function arrayText(values: readonly unknown[], column: DrizzleColumn): string {
  const elements = values.map((value): string => {
    if (value === null || value === undefined) return "NULL";
    if (Array.isArray(value)) return arrayText(value, column);
    return ["number", "bigint", "boolean"].includes(typeof value)
      ? String(value)
      : `"${driverText(value, column.baseColumn ?? column).replace(/["\\]/g, "\\$&")}"`;
  });
  return `{${elements.join(",")}}`;
}

/** A value as the driver would send it. */
function driverText(value: unknown, column: DrizzleColumn): string {
  if (typeof value === "string") return value;
  if (Buffer.isBuffer(value)) return bytes(value);
  if (value instanceof Date) return value.toISOString();
  const map: unknown = Reflect.get(column, "mapToDriverValue");
  const sent: unknown = typeof map === "function" ? map.call(column, value) : value;
  return typeof sent === "string" ? sent : JSON.stringify(sent);
}

/** Uses `E''` for texts with backslashes, so that the value does not depend on the server's settings. */
function literal(text: string): string {
  return quoteLiteral(text).trim();
}

function bytes(value: Buffer): string {
  return `\\x${value.toString("hex")}`;
}

function isJson(type: string): boolean {
  return type === "json" || type === "jsonb";
}

function isSql(value: unknown): value is SqlObject {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof Reflect.get(value, "inlineParams") === "function" &&
    typeof Reflect.get(value, "toQuery") === "function"
  );
}
