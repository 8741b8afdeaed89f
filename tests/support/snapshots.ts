import { expect } from "vitest";
import type { Snapshot } from "../../src/autogenerate/kit-types.ts";
import { mergeSnapshots } from "../../src/autogenerate/merge-snapshots.ts";

// Snapshots of drizzle-kit, written by hand, with only what a merge reads.

export type Item = Record<string, unknown>;

export const named = (...items: readonly Item[]) =>
  Object.fromEntries(items.map((item) => [String(item.name), item]));

export const column = (name: string, more: Item = {}): Item => ({
  name,
  type: "text",
  primaryKey: false,
  notNull: false,
  ...more,
});
export const enumColumn = (name: string, type: string) =>
  column(name, { type, typeSchema: "public" });
export const index = (name: string, ...columns: readonly string[]): Item => ({
  name,
  columns: columns.map((expression) => ({ expression, isExpression: false, asc: true })),
});
export const foreignKey = (name: string, from: string, tableTo: string, to: string): Item => ({
  name,
  tableFrom: "any",
  tableTo,
  columnsFrom: [from],
  columnsTo: [to],
});
export const on = (name: string, ...columns: readonly string[]): Item => ({ name, columns });
export const check = (name: string, value: string): Item => ({ name, value });

export function table(name: string, columns: readonly Item[], more: Item = {}): Item {
  const none = {
    indexes: {},
    foreignKeys: {},
    compositePrimaryKeys: {},
    uniqueConstraints: {},
    policies: {},
    checkConstraints: {},
  };
  return { name, schema: "", columns: named(...columns), ...none, isRLSEnabled: false, ...more };
}

export const inSchema = (items: readonly Item[]) =>
  Object.fromEntries(items.map((item) => [`${item.schema || "public"}.${item.name}`, item]));

let count = 0;
export function snapshot(tables: readonly Item[], more: Item = {}): Snapshot {
  count += 1;
  return {
    id: `id ${count}`,
    prevId: `previous ${count}`,
    version: "7",
    dialect: "postgresql",
    tables: inSchema(tables),
    enums: {},
    schemas: {},
    sequences: {},
    roles: {},
    policies: {},
    views: {},
    _meta: { columns: {}, schemas: {}, tables: {} },
    ...more,
  };
}

export const role = (...values: readonly string[]): Item => ({
  name: "role",
  schema: "public",
  values,
});
export const enums = (...items: readonly Item[]) => ({ enums: inSchema(items) });
export const id = column("id", { primaryKey: true });
export const email = column("email");
export const users = (columns: readonly Item[], more: Item = {}) => table("users", columns, more);

/** The conflicts of a merge. They must be the same if both sides are swapped. */
export function conflictsOfBoth(
  base: Snapshot,
  ours: Snapshot,
  theirs: Snapshot,
): readonly string[] {
  const { conflicts } = mergeSnapshots(base, ours, theirs);
  expect(mergeSnapshots(base, theirs, ours).conflicts).toEqual(conflicts);
  return conflicts;
}
