import type { Snapshot } from "./kit-types.ts";
import { partOf, type SnapshotPart } from "./snapshot-parts.ts";

/** The kinds of objects in a snapshot, as messages name them. */
type ObjectKind =
  | "table"
  | "column"
  | "index"
  | "foreign key"
  | "primary key"
  | "unique constraint"
  | "check"
  | "policy"
  | "enum"
  | "sequence"
  | "view"
  | "role"
  | "schema";

/** One object of a snapshot, whichever drizzle-kit wrote it. */
export interface SnapshotObject {
  readonly kind: ObjectKind;
  readonly schema: string;
  /** Only for objects that belong to a table. */
  readonly table?: string;
  readonly name: string;
  readonly content: SnapshotPart;
}

/** Objects of a table, by their names in snapshots of 0.31 and in rows of 1.0. */
const inTables: Readonly<Record<string, ObjectKind>> = {
  columns: "column",
  indexes: "index",
  foreignKeys: "foreign key",
  fks: "foreign key",
  compositePrimaryKeys: "primary key",
  pks: "primary key",
  uniqueConstraints: "unique constraint",
  uniques: "unique constraint",
  checkConstraints: "check",
  checks: "check",
  policies: "policy",
};

const ofTheirOwn: Readonly<Record<string, ObjectKind>> = {
  tables: "table",
  enums: "enum",
  sequences: "sequence",
  views: "view",
  roles: "role",
};

/** All objects of a snapshot. */
export function objectsOf(snapshot: Snapshot): SnapshotObject[] {
  return Array.isArray(snapshot.ddl) ? rowsIn(snapshot.ddl) : partsIn(snapshot);
}

/** drizzle-kit 1.0 stores objects as rows. */
function rowsIn(rows: readonly SnapshotPart[]): SnapshotObject[] {
  return rows.flatMap((content) => {
    const { entityType, schema, table, name } = content;
    const kind = inTables[String(entityType)] ?? ofTheirOwn[String(entityType)];
    if (kind === undefined) return [];
    const of = typeof table === "string" ? { table } : {};
    return { kind, schema: String(schema ?? "public"), ...of, name: String(name), content };
  });
}

/** drizzle-kit 0.31 stores the objects of a table within the table. */
function partsIn(snapshot: Snapshot): SnapshotObject[] {
  return Object.entries(ofTheirOwn).flatMap(([part, kind]) =>
    itemsIn(snapshot, part).flatMap((content) => {
      const schema = String(content.schema || "public");
      const own = { kind, schema, name: String(content.name), content };
      return kind === "table" ? [own, ...withinTable(schema, content)] : own;
    }),
  );
}

function withinTable(schema: string, table: SnapshotPart): SnapshotObject[] {
  return Object.entries(inTables).flatMap(([part, kind]) =>
    Object.entries(partOf(table, part)).map(([key, content]) => ({
      kind,
      schema,
      table: String(table.name),
      name: String((content as SnapshotPart).name ?? key),
      content: content as SnapshotPart,
    })),
  );
}

function itemsIn(snapshot: SnapshotPart, part: string): SnapshotPart[] {
  return Object.values(partOf(snapshot, part)) as SnapshotPart[];
}

/** The same object in two snapshots. */
export type ObjectPair = readonly [before: SnapshotObject, after: SnapshotObject];

/** The objects that two snapshots both have, matched by name. */
export function objectsInBoth(previous: Snapshot, current: Snapshot): ObjectPair[] {
  const before = new Map(objectsOf(previous).map((one) => [keyOf(one), one]));
  return objectsOf(current).flatMap((after): ObjectPair[] => {
    const one = before.get(keyOf(after));
    return one === undefined ? [] : [[one, after]];
  });
}

function keyOf({ kind, schema, table, name }: SnapshotObject): string {
  return JSON.stringify([kind, schema, table, name]);
}
