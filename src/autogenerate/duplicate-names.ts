import { FleetError, throwProblems } from "../core/errors.ts";
import { longestName } from "../core/sendable.ts";
import {
  type Export,
  type ExportedObject,
  exportedObject,
  extrasOf,
  inlineKeysOf,
  tableColumns,
} from "./drizzle-tables.ts";
import type { Snapshot } from "./kit-types.ts";
import { objectsOf, type SnapshotObject } from "./snapshot-objects.ts";

/**
 * Refuses two tables, enums, sequences or roles with the same name, and two columns with the same name in a table:
 * drizzle-kit 0.31 silently uses the last one.
 *
 * @throws FleetError `schema` that names the exports
 */
export function refuseSameExports(exports: readonly Export[]): void {
  const known = new Map<string, Export>();
  const problems = exports.flatMap((one) => {
    const object = exportedObject(one.value);
    if (object === undefined) return [];
    const other = known.get(JSON.stringify(object));
    known.set(JSON.stringify(object), one);
    const same =
      other === undefined || other.value === one.value
        ? []
        : [duplicateExportError(object, other, one)];
    return object.kind === "table" ? [...same, ...duplicateColumnErrors(one, object.name)] : same;
  });
  throwProblems(problems, "the Drizzle schema uses a name twice");
}

function duplicateExportError(
  { kind, schema, name }: ExportedObject,
  first: Export,
  second: Export,
): FleetError {
  const of = schema === "public" ? name : `${schema}.${name}`;
  const files = first.file === second.file ? first.file : `${first.file} and ${second.file}`;
  return new FleetError(
    "schema",
    `two ${kind}s are named ${of}: exports ${first.name} and ${second.name}`,
    { where: files, remedy: "Nothing was written. Rename one of them, or export only one." },
  );
}

interface NamedColumn {
  readonly name: string;
}

function duplicateColumnErrors(
  { name: exported, file, value }: Export,
  table: string,
): FleetError[] {
  const columns = Reflect.get(value as object, tableColumns) as Record<string, NamedColumn>;
  const keys = new Map<string, string>();
  return Object.entries(columns).flatMap(([key, { name }]) => {
    const other = keys.get(name);
    keys.set(name, key);
    if (other === undefined) return [];
    const message = `two columns of table ${table} are named ${name}: ${other} and ${key}`;
    return [duplicateInTableError(message, { file, exported })];
  });
}

function duplicateInTableError(
  message: string,
  { file, exported }: { readonly file: string; readonly exported: string },
): FleetError {
  return new FleetError("schema", message, {
    where: file,
    remedy: `Nothing was written. Rename one of them in the export ${exported}.`,
  });
}

/**
 * Refuses a table of which drizzle-kit lost something because of equal names: columns whose names the casing makes
 * equal, and foreign keys.
 *
 * @throws FleetError `schema` that names the table and its export
 */
export function refuseLost(exports: readonly Export[], snapshot: Snapshot): void {
  const objects = objectsOf(snapshot);
  for (const { name: exported, file, value } of exports) {
    const table = exportedObject(value);
    if (table?.kind !== "table") continue;
    const count = (kind: SnapshotObject["kind"]) =>
      objects.filter(
        (one) => one.kind === kind && one.table === table.name && one.schema === table.schema,
      ).length;
    const columns = Object.keys(Reflect.get(value as object, tableColumns) as object).length;
    if (count("column") < columns)
      throw duplicateInTableError(
        `two columns of table ${table.name} have the same name in the configured casing`,
        { file, exported },
      );
    const keys = foreignKeysOf(value as object);
    if (count("foreign key") < keys)
      throw duplicateInTableError(`two foreign keys of table ${table.name} have the same name`, {
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

/** Relations share one namespace in a schema; types share another one, and each table and view has a type. */
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
 * Refuses objects that would have the same name in PostgreSQL: objects of different kinds, and names that are equal in
 * their first 63 bytes.
 *
 * @param before the snapshot before the change: clashes that it already has are not refused
 * @throws FleetError `schema` that names both objects
 */
export function refuseClashes(snapshot: Snapshot, before: Snapshot, schema: string): void {
  const known = new Set(clashesIn(before));
  const fresh = clashesIn(snapshot).filter((clash) => !known.has(clash));
  const problems = fresh.map(
    (message) =>
      new FleetError("schema", message, {
        where: schema,
        remedy: "Nothing was written. Give one of them another name in the Drizzle schema.",
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

/** A name as PostgreSQL truncates it: at a character boundary. */
function cut(name: string): string {
  const bytes = Buffer.from(name);
  if (bytes.length <= longestName) return name;
  let end = longestName;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
}
