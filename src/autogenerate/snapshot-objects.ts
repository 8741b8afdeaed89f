import type { Snapshot } from "./kit-types.ts";
import { type Part, partOf } from "./snapshot-parts.ts";

/** What the objects of a snapshot are, in the words of messages. */
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
  /** For what belongs to a table. */
  readonly table?: string;
  readonly name: string;
  readonly content: Part;
}

/** The parts of a table, by their names in snapshots of 0.31 and rows of 1.0. */
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

/** The objects of drizzle-kit 1.0 are rows already. */
function rowsIn(rows: readonly Part[]): SnapshotObject[] {
  return rows.flatMap((content) => {
    const { entityType, schema, table, name } = content;
    const kind = inTables[String(entityType)] ?? ofTheirOwn[String(entityType)];
    if (kind === undefined) return [];
    const of = typeof table === "string" ? { table } : {};
    return { kind, schema: String(schema ?? "public"), ...of, name: String(name), content };
  });
}

/** drizzle-kit 0.31 nests what belongs to a table. */
function partsIn(snapshot: Snapshot): SnapshotObject[] {
  return Object.entries(ofTheirOwn).flatMap(([part, kind]) =>
    itemsIn(snapshot, part).flatMap((content) => {
      const schema = String(content.schema || "public");
      const own = { kind, schema, name: String(content.name), content };
      return kind === "table" ? [own, ...withinTable(schema, content)] : own;
    }),
  );
}

function withinTable(schema: string, table: Part): SnapshotObject[] {
  return Object.entries(inTables).flatMap(([part, kind]) =>
    Object.entries(partOf(table, part)).map(([key, content]) => ({
      kind,
      schema,
      table: String(table.name),
      name: String((content as Part).name ?? key),
      content: content as Part,
    })),
  );
}

function itemsIn(snapshot: Part, part: string): Part[] {
  return Object.values(partOf(snapshot, part)) as Part[];
}
