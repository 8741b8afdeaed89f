import type { Snapshot } from "./kit-types.ts";
import type { Part } from "./snapshot-parts.ts";

interface Row extends Part {
  readonly entityType: string;
  readonly schema?: string;
  readonly table?: string;
  readonly name: string;
}

/** Where drizzle-kit 0.31 keeps what 1.0 lists as rows of its own, beside its table. */
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

/**
 * A schema of drizzle-kit 1.0 in the form of 0.31's snapshots, as far as branches are compared: so there is one comparison.
 */
export function asParts(state: Snapshot): Snapshot {
  const rows = (Array.isArray(state.ddl) ? state.ddl : []) as readonly Row[];
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

function keyOf({ schema, name }: Row): string {
  return schema === undefined ? name : `${schema}.${name}`;
}

function bare({ entityType: _1, table: _2, ...rest }: Row): Part {
  return rest;
}

/** One thing of a table, with the names that 0.31 has for what it refers to. */
function itemOf(row: Row): Part {
  const item = bare(row);
  switch (row.entityType) {
    case "columns": {
      const { dimensions, type, ...rest } = item;
      return { ...rest, type: `${String(type)}${"[]".repeat(Number(dimensions ?? 0))}` };
    }
    case "indexes": {
      const columns = (Array.isArray(row.columns) ? row.columns : []) as readonly Part[];
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
