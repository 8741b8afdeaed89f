// drizzle-orm keeps the parts of its objects under these symbols, in all supported versions.
const tableName = Symbol.for("drizzle:Name");
const tableSchema = Symbol.for("drizzle:Schema");
export const tableColumns = Symbol.for("drizzle:Columns");
const foreignKeys = Symbol.for("drizzle:PgInlineForeignKeys");
export const extraConfig = Symbol.for("drizzle:ExtraConfigBuilder");
const extraColumns = Symbol.for("drizzle:ExtraConfigColumns");

/** An export of a schema file. */
export interface Export {
  readonly name: string;
  /** The file as shown to the user. */
  readonly file: string;
  readonly value: unknown;
}

/** True for a table of any dialect of drizzle-orm. */
export function isTable(value: unknown): value is object {
  return typeof value === "object" && value !== null && tableColumns in value && tableName in value;
}

export function isPgTable(value: unknown): boolean {
  return isTable(value) && foreignKeys in value;
}

/** An exported object by its name in PostgreSQL. */
export interface ExportedObject {
  readonly kind: "table" | "enum" | "sequence" | "role";
  readonly schema: string;
  readonly name: string;
}

/** An exported object by its name in PostgreSQL; undefined for any other export. */
export function exportedObject(value: unknown): ExportedObject | undefined {
  if (value === null || !["object", "function"].includes(typeof value)) return undefined;
  const object = value as object;
  const text = (key: string | symbol) => {
    const found: unknown = Reflect.get(object, key);
    return typeof found === "string" ? found : undefined;
  };
  const named = (
    kind: ExportedObject["kind"],
    name: string | undefined,
    schema: string | undefined,
  ) => (name === undefined ? undefined : { kind, schema: schema ?? "public", name });
  if (isPgTable(value)) return named("table", text(tableName), text(tableSchema));
  if (Reflect.has(object, "enumValues") && text("enumName") !== undefined)
    return named("enum", text("enumName"), text("schema"));
  if (text("seqName") !== undefined) return named("sequence", text("seqName"), text("schema"));
  // An existing role is not created by migrations, and several files can declare it.
  if (!Reflect.has(object, "createRole") || Reflect.get(object, "_existing") === true)
    return undefined;
  return named("role", text("name"), undefined);
}

/** The foreign keys that a table's columns declare with references(). */
export function inlineKeysOf(table: object): unknown[] {
  return Object.values(Reflect.get(table, foreignKeys) ?? {});
}

/** A table's indexes and constraints. The project's own code makes them, and can throw. */
export function extrasOf(table: object): unknown[] {
  const build: unknown = Reflect.get(table, extraConfig);
  const extras: unknown =
    typeof build === "function" ? build.call(table, Reflect.get(table, extraColumns)) : [];
  return Object.values(extras ?? {}).flat();
}

/** The name of a PostgreSQL table; undefined for anything else. */
export function tableNameOf(value: unknown): string | undefined {
  const exported = exportedObject(value);
  return exported?.kind === "table" ? exported.name : undefined;
}
