import { FleetError, throwProblems } from "../core/errors.ts";
import { longestName } from "../core/sendable.ts";
import type { Snapshot } from "./kit-types.ts";
import { objectsOf, type SnapshotObject } from "./snapshot-objects.ts";

/** Something that a schema file exports. */
export interface Export {
  readonly name: string;
  /** The file as shown to people. */
  readonly file: string;
  readonly value: unknown;
}

const tableName = Symbol.for("drizzle:Name");
const tableSchema = Symbol.for("drizzle:Schema");
const tableColumns = Symbol.for("drizzle:Columns");
const foreignKeys = Symbol.for("drizzle:PgInlineForeignKeys");
const extraConfig = Symbol.for("drizzle:ExtraConfigBuilder");
const extraColumns = Symbol.for("drizzle:ExtraConfigColumns");

/** True for a table of any of drizzle-orm's dialects. */
export function isTable(value: unknown): value is object {
  return typeof value === "object" && value !== null && tableColumns in value && tableName in value;
}

export function isPgTable(value: unknown): boolean {
  return isTable(value) && foreignKeys in value;
}

/**
 * Refuses two tables, enums or sequences of one name, and two columns or foreign keys of one name in a table.
 * drizzle-kit 0.31 takes the last one and says nothing.
 *
 * @throws FleetError `schema` that names the exports
 */
export function refuseSameExports(exports: readonly Export[]): void {
  const known = new Map<string, Export>();
  const problems = exports.flatMap((one) => {
    const place = placeOf(one.value);
    if (place === undefined) return [];
    const other = known.get(JSON.stringify(place));
    known.set(JSON.stringify(place), one);
    const same = other === undefined || other.value === one.value ? [] : [twice(place, other, one)];
    return place.kind === "table" ? [...same, ...sameColumns(one, place.name)] : same;
  });
  throwProblems(problems, "the Drizzle schema uses a name twice");
}

interface Place {
  readonly kind: "table" | "enum" | "sequence" | "role";
  readonly schema: string;
  readonly name: string;
}

/** What PostgreSQL would call an exported object; undefined for anything else. */
function placeOf(value: unknown): Place | undefined {
  if (value === null || !["object", "function"].includes(typeof value)) return undefined;
  const object = value as object;
  const text = (key: string | symbol) => {
    const found: unknown = Reflect.get(object, key);
    return typeof found === "string" ? found : undefined;
  };
  const place = (kind: Place["kind"], name: string | undefined, schema: string | undefined) =>
    name === undefined ? undefined : { kind, schema: schema ?? "public", name };
  if (isPgTable(value)) return place("table", text(tableName), text(tableSchema));
  if (Reflect.has(object, "enumValues") && text("enumName") !== undefined)
    return place("enum", text("enumName"), text("schema"));
  if (text("seqName") !== undefined) return place("sequence", text("seqName"), text("schema"));
  // A role that exists already belongs to others, and may be named in several files.
  if (!Reflect.has(object, "createRole") || Reflect.get(object, "_existing") === true)
    return undefined;
  return place("role", text("name"), undefined);
}

function twice({ kind, schema, name }: Place, first: Export, second: Export): FleetError {
  const of = schema === "public" ? name : `${schema}.${name}`;
  const files = first.file === second.file ? first.file : `${first.file} and ${second.file}`;
  return new FleetError(
    "schema",
    `two ${kind}s are called ${of}: exports ${first.name} and ${second.name}`,
    { where: files, remedy: "Rename one of them, or export it once. Nothing was written." },
  );
}

interface NamedColumn {
  readonly name: string;
}

function sameColumns({ name: exported, file, value }: Export, table: string): FleetError[] {
  const columns = Reflect.get(value as object, tableColumns) as Record<string, NamedColumn>;
  const keys = new Map<string, string>();
  return Object.entries(columns).flatMap(([key, { name }]) => {
    const other = keys.get(name);
    keys.set(name, key);
    if (other === undefined) return [];
    const message = `two columns of table ${table} are called ${name}: ${other} and ${key}`;
    return [sameWithin(message, { file, exported })];
  });
}

function sameWithin(
  message: string,
  { file, exported }: { readonly file: string; readonly exported: string },
): FleetError {
  return new FleetError("schema", message, {
    where: file,
    remedy: `Rename one of them in the export ${exported}. Nothing was written.`,
  });
}

/**
 * Refuses what a snapshot has lost of a table because two have one name: columns that the casing makes equal, and
 * foreign keys.
 *
 * @throws FleetError `schema` that names the table and its export
 */
export function refuseLost(exports: readonly Export[], snapshot: Snapshot): void {
  const objects = objectsOf(snapshot);
  for (const { name: exported, file, value } of exports) {
    const place = placeOf(value);
    if (place?.kind !== "table") continue;
    const count = (kind: SnapshotObject["kind"]) =>
      objects.filter(
        (one) => one.kind === kind && one.table === place.name && one.schema === place.schema,
      ).length;
    const columns = Object.keys(Reflect.get(value as object, tableColumns) as object).length;
    if (count("column") < columns)
      throw sameWithin(
        `two columns of table ${place.name} have the same name in the configured casing`,
        { file, exported },
      );
    const keys = foreignKeysOf(value as object);
    if (count("foreign key") < keys)
      throw sameWithin(`two foreign keys of table ${place.name} have the same name`, {
        file,
        exported,
      });
  }
}

function foreignKeysOf(table: object): number {
  const own = extrasOf(table).filter(
    (extra) => typeof extra === "object" && extra !== null && "_onDelete" in extra,
  );
  return inlineKeysOf(table).length + own.length;
}

/** The foreign keys that a table's columns declare with references(). */
export function inlineKeysOf(table: object): unknown[] {
  return Object.values(Reflect.get(table, foreignKeys) ?? {});
}

/** A table's indexes and constraints. Its own code makes them, and may throw. */
export function extrasOf(table: object): unknown[] {
  const build: unknown = Reflect.get(table, extraConfig);
  const extras: unknown =
    typeof build === "function" ? build.call(table, Reflect.get(table, extraColumns)) : [];
  return Object.values(extras ?? {}).flat();
}

/** The name of a PostgreSQL table; undefined for anything else. */
export function tableNameOf(value: unknown): string | undefined {
  const place = placeOf(value);
  return place?.kind === "table" ? place.name : undefined;
}

/** Relations share their names within a schema, and so do types, of which each table and view has one. */
const relations = new Set([
  "table",
  "view",
  "sequence",
  "index",
  "unique constraint",
  "primary key",
]);
const types = new Set(["table", "view", "enum"]);
const constraints = new Set(["foreign key", "check", "unique constraint", "primary key"]);

/**
 * Refuses objects that PostgreSQL would know by one name: of different kinds, or because it cuts names to 63 bytes.
 *
 * @param before the snapshot before the change: what it has already is not refused, since a person has found a way
 * @throws FleetError `schema` that names both
 */
export function refuseClashes(snapshot: Snapshot, before: Snapshot, schema: string): void {
  const known = new Set(clashesIn(before));
  const fresh = clashesIn(snapshot).filter((clash) => !known.has(clash));
  const problems = fresh.map(
    (message) =>
      new FleetError("schema", message, {
        where: schema,
        remedy: "Give one of them another name in the Drizzle schema. Nothing was written.",
      }),
  );
  throwProblems(problems, "the Drizzle schema uses a name twice");
}

function clashesIn(snapshot: Snapshot): string[] {
  const objects = objectsOf(snapshot).filter(({ content }) => content.isExisting !== true);
  const spaces: readonly (readonly [ReadonlySet<string>, (one: SnapshotObject) => string])[] = [
    [relations, ({ schema }) => schema],
    [types, ({ schema }) => schema],
    [constraints, ({ schema, table }) => JSON.stringify([schema, table])],
  ];
  const clashes = spaces.flatMap(([kinds, spaceOf]) => {
    const named = new Map<string, SnapshotObject>();
    return objects.flatMap((one) => {
      if (!kinds.has(one.kind)) return [];
      const key = `${spaceOf(one)}\0${cut(one.name)}`;
      const other = named.get(key);
      named.set(key, one);
      return other === undefined ? [] : clash(other, one);
    });
  });
  return [...new Set(clashes)];
}

function clash(first: SnapshotObject, second: SnapshotObject): string {
  const of = ({ kind, table, name }: SnapshotObject) =>
    `${kind} ${table === undefined ? name : `${table}.${name}`}`;
  const both = `${of(first)} and ${of(second)}`;
  return first.name === second.name
    ? `${both} cannot both have that name in PostgreSQL`
    : `${both} have the same name in PostgreSQL, which truncates names to ${longestName} bytes: ${cut(first.name)}`;
}

/** A name as PostgreSQL keeps it: no character is halved. */
function cut(name: string): string {
  const bytes = Buffer.from(name);
  if (bytes.length <= longestName) return name;
  let end = longestName;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
}
