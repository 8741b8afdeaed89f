import { type FolderRow, rowsOf } from "./folder-api.ts";
import type { Snapshot } from "./kit-types.ts";
import type { SnapshotPart } from "./snapshot-parts.ts";

/** Objects of a table: drizzle-kit 1.0 lists them as rows of their own, 0.31 keeps them within the table. */
const tableParts: Readonly<Record<string, string>> = {
  columns: "columns",
  indexes: "indexes",
  fks: "foreignKeys",
  pks: "compositePrimaryKeys",
  uniques: "uniqueConstraints",
  checks: "checkConstraints",
  policies: "policies",
};

const rootParts: Readonly<Record<string, string>> = {
  enums: "enums",
  sequences: "sequences",
  views: "views",
  roles: "roles",
  schemas: "schemas",
};

/** A schema of drizzle-kit 1.0 in the form of 0.31's snapshots, so that one comparison works for both layouts. */
export function asJournalSnapshot(state: Snapshot): Snapshot {
  const rows = rowsOf(state);
  const listed = (type: string) => rows.filter(({ entityType }) => entityType === type);
  const roots = Object.entries(rootParts).map(([type, part]) => {
    const items = listed(type).map((row) => [keyOf(row), bare(row)] as const);
    return [part, Object.fromEntries(items)] as const;
  });
  const tables = listed("tables").map((table) => {
    const { schema, name } = table;
    const parts = Object.entries(tableParts).map(([type, part]) => {
      const own = listed(type).filter((row) => row.schema === schema && row.table === name);
      return [part, Object.fromEntries(own.map((row) => [row.name, itemOf(row)]))] as const;
    });
    const { isRlsEnabled } = table;
    const item = { name, schema, isRLSEnabled: isRlsEnabled, ...Object.fromEntries(parts) };
    return [keyOf(table), item] as const;
  });
  return { id: state.id, ...Object.fromEntries(roots), tables: Object.fromEntries(tables) };
}

function keyOf({ schema, name }: FolderRow): string {
  return schema === undefined ? name : `${schema}.${name}`;
}

function bare({ entityType: _1, table: _2, ...rest }: FolderRow): SnapshotPart {
  return rest;
}

/** One object of a table, with the property names that 0.31 uses for its references. */
function itemOf(row: FolderRow): SnapshotPart {
  const item = bare(row);
  switch (row.entityType) {
    case "columns": {
      const { dimensions, type, ...rest } = item;
      return { ...rest, type: `${String(type)}${"[]".repeat(Number(dimensions ?? 0))}` };
    }
    case "indexes": {
      const columns = (Array.isArray(row.columns) ? row.columns : []) as readonly SnapshotPart[];
      const named = columns.map(({ value, ...column }) => ({ expression: value, ...column }));
      return { ...item, columns: named };
    }
    case "fks": {
      const { columns, ...rest } = item;
      return { ...rest, columnsFrom: columns };
    }
    case "policies": {
      const { roles, ...rest } = item;
      return { ...rest, to: roles };
    }
    default:
      return item;
  }
}
