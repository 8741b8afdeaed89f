import type { Snapshot } from "./kit-types.ts";
import type { SnapshotObject } from "./snapshot-objects.ts";
import { partOf, type SnapshotPart } from "./snapshot-parts.ts";

/** The parts of a snapshot of 0.31, by what is in them. */
const parts: Readonly<Record<string, string>> = {
  table: "tables",
  column: "columns",
  index: "indexes",
  "foreign key": "foreignKeys",
  "primary key": "compositePrimaryKeys",
  "unique constraint": "uniqueConstraints",
  check: "checkConstraints",
  policy: "policies",
  enum: "enums",
  sequence: "sequences",
  view: "views",
};

/** A snapshot with these objects, which replace those of the same name. */
export function putObjects(snapshot: Snapshot, objects: readonly SnapshotObject[]): Snapshot {
  if (Array.isArray(snapshot.ddl))
    return { ...snapshot, ddl: withRows(snapshot.ddl as SnapshotPart[], objects) };
  // Tables first: the objects of a table that is put are already in it.
  const tables = objects.filter(({ kind }) => kind === "table");
  const whole = new Set(tables.map(({ schema, name }) => JSON.stringify([schema, name])));
  const others = objects.filter(
    ({ kind, schema, table }) => kind !== "table" && !whole.has(JSON.stringify([schema, table])),
  );
  return [...tables, ...others].reduce(withPart, snapshot);
}

function withRows(
  rows: readonly SnapshotPart[],
  objects: readonly SnapshotObject[],
): SnapshotPart[] {
  const key = ({ entityType, schema, table, name }: SnapshotPart) =>
    JSON.stringify([entityType, schema ?? null, table ?? null, name]);
  const put = new Map(
    objects.map(({ content, table, name }) => {
      const row = table === undefined ? { ...content, name } : { ...content, table, name };
      return [key(row), row as SnapshotPart];
    }),
  );
  const known = new Set(rows.map(key));
  return [
    ...rows.map((row) => put.get(key(row)) ?? row),
    ...[...put].flatMap(([own, row]) => (known.has(own) ? [] : [row])),
  ];
}

function withPart(snapshot: Snapshot, object: SnapshotObject): Snapshot {
  const { kind, schema, table, name, content } = object;
  const part = parts[kind] ?? "";
  const named = { ...content, name };
  if (table === undefined) {
    const key = keyIn(partOf(snapshot, part), schema, name);
    return { ...snapshot, [part]: { ...partOf(snapshot, part), [key]: named } };
  }
  const tables = partOf(snapshot, "tables");
  const key = keyIn(tables, schema, table);
  const own = tables[key] as SnapshotPart | undefined;
  if (own === undefined) return snapshot;
  const changed = { ...own, [part]: { ...partOf(own, part), [name]: named } };
  return { ...snapshot, tables: { ...tables, [key]: changed } };
}

/** The key of an object in a snapshot of 0.31: its schema and name. */
function keyIn(part: SnapshotPart, schema: string, name: string): string {
  const known = Object.entries(part).find(([, value]) => {
    const own = value as SnapshotPart;
    return own.name === name && String(own.schema || "public") === schema;
  });
  return known?.[0] ?? `${schema}.${name}`;
}
