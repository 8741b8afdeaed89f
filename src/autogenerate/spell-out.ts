import { quoteLiteral } from "../core/quoting.ts";
import type { Layout } from "../source/folder.ts";

// drizzle-kit writes some of a Drizzle schema's values wrong, partly without a complaint: quotes in JSON and arrays,
// NaN, buffers, parameters (0.31); backslashes, the text "NULL" and braces in arrays (1.0). Here the loaded schema is
// given the SQL that is right, before drizzle-kit sees it. What drizzle-kit writes right is left alone, so that its
// snapshots stay the same.

/** Makes an SQL object of a text, as drizzle-orm's `sql.raw`. */
type Raw = (text: string) => unknown;

/** Names under which drizzle-orm keeps the parts of a table, in both versions. */
const columnsOf = Symbol.for("drizzle:Columns");
const extraConfig = Symbol.for("drizzle:ExtraConfigBuilder");

/** drizzle-orm's SQL objects, whichever copy of drizzle-orm made them. */
interface SqlObject {
  inlineParams(): SqlObject;
  toQuery(config: object): { readonly sql: string; readonly params: readonly unknown[] };
}

interface Column {
  default?: unknown;
  generated?: { as?: unknown };
  readonly baseColumn?: Column;
  getSQLType(): string;
}

/**
 * Spells out in place what drizzle-kit would write wrong.
 *
 * @param exported everything that the schema files export
 * @param loadRaw loads drizzle-orm's `sql.raw`; called when it is needed
 */
export async function spellOut(
  exported: readonly unknown[],
  layout: Layout,
  loadRaw: () => Promise<Raw>,
): Promise<void> {
  for (const object of exported) {
    if (typeof object !== "object" || object === null) continue;
    if ("using" in object || "withCheck" in object) inlineIn(object);
    if (!(columnsOf in object)) continue;
    inlineExtras(object);
    for (const column of Object.values(object[columnsOf] as Record<string, Column>)) {
      inlineGenerated(column);
      const text = defaultText(column, layout);
      if (text !== undefined) column.default = (await loadRaw())(text);
    }
  }
}

/** A parameter in a definition would stay `$1`: the server has no value for it. */
function inlineIn(object: object): void {
  for (const value of Object.values(object)) {
    if (isSql(value)) value.inlineParams();
    else if (Array.isArray(value)) inlineIn(value);
  }
}

/** Indexes, checks and policies are made by a function of the table, anew each time. */
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

function inlineGenerated({ generated }: Column): void {
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

/** The SQL of a column's default, where drizzle-kit's would be wrong. */
function defaultText(column: Column, layout: Layout): string | undefined {
  const value = column.default;
  const type = column.getSQLType().toLowerCase();
  if (isSql(value)) return parametersOf(value);
  if (typeof value === "number") return Number.isFinite(value) ? undefined : literal(String(value));
  if (Buffer.isBuffer(value)) return literal(bytes(value));
  if (Array.isArray(value) && isArray(column, type))
    return isHardArray(value, layout) ? literal(arrayText(value, column)) : undefined;
  // drizzle-kit 1.0 doubles the backslashes of texts, as only E'' would read them. JSON's own are right.
  if (typeof value === "string")
    return layout === "folders" && value.includes("\\") && !isJson(type)
      ? literal(value)
      : undefined;
  return layout === "journal" ? journalDefault(value, column, type) : undefined;
}

/** What drizzle-kit 0.31 cannot write: large integers, JSON with a quote, and objects that are not JSON. */
function journalDefault(value: unknown, column: Column, type: string): string | undefined {
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

/** The SQL of an expression that holds parameters; undefined when it holds none. */
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

/** 0.45 has a column of its own around an array's elements, 1.0 counts dimensions. */
function isArray(column: Column, type: string): boolean {
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

/** PostgreSQL's text of an array. */
function arrayText(values: readonly unknown[], column: Column): string {
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
function driverText(value: unknown, column: Column): string {
  if (typeof value === "string") return value;
  if (Buffer.isBuffer(value)) return bytes(value);
  if (value instanceof Date) return value.toISOString();
  const map: unknown = Reflect.get(column, "mapToDriverValue");
  const sent: unknown = typeof map === "function" ? map.call(column, value) : value;
  return typeof sent === "string" ? sent : JSON.stringify(sent);
}

/** `E''` where there are backslashes, so that no setting of the server matters. */
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
