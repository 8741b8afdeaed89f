import { createHash } from "node:crypto";
import { schemaMark } from "../../catalog/own-name.ts";
import type { SchemaObject } from "../../catalog/properties.ts";
import type { StructureSql } from "../../dump/types.ts";
import { createWhole } from "./create.ts";
import {
  type ObjectRepair,
  ownerOf,
  partName,
  qualified,
  type RepairStatement,
  statement,
  text,
} from "./statement.ts";

/** What an enum with a label too many is rebuilt from. */
export interface EnumSource {
  readonly expected: readonly SchemaObject[];
  readonly found: readonly SchemaObject[];
  readonly structure: StructureSql | undefined;
}

/**
 * Creates an enum anew without the labels that are not expected, and changes the columns that have its type. PostgreSQL cannot
 * remove a label. It refuses this for a tenant in which a row has such a value.
 */
export function rebuildEnum(
  type: SchemaObject,
  { expected, found, structure }: EnumSource,
): ObjectRepair {
  const created = createWhole([type], structure);
  if (typeof created === "string") return created;
  const old = `fleet_fix_${createHash("sha256").update(type.name).digest("hex").slice(0, 12)}`;
  const defaults = new Map(expected.map((one) => [one.name, text(one.properties.default)]));
  const columns = found.filter((one) => one.kind === "column" && usesType(one, type));
  return [
    statement(`ALTER TYPE ${qualified(type)} RENAME TO ${old}`),
    ...created,
    ...columns.flatMap((column) => retype(column, type, defaults.get(column.name))),
    { ...statement(`DROP TYPE ${schemaMark}.${old}`), removes: true },
  ];
}

function usesType({ properties }: SchemaObject, type: SchemaObject): boolean {
  return properties.type === qualified(type) || properties.type === `${qualified(type)}[]`;
}

function retype(
  column: SchemaObject,
  type: SchemaObject,
  value: string | undefined,
): RepairStatement[] {
  const array = text(column.properties.type)?.endsWith("[]") === true ? "[]" : "";
  const name = partName(column);
  const alter = `ALTER TABLE ${ownerOf(column)} ALTER COLUMN ${name}`;
  const wanted = `${qualified(type)}${array}`;
  return [
    ...(column.properties.default === undefined ? [] : [statement(`${alter} DROP DEFAULT`)]),
    statement(`${alter} TYPE ${wanted} USING ${name}::text${array}::${wanted}`),
    ...(value === undefined ? [] : [statement(`${alter} SET DEFAULT ${value}`)]),
  ];
}
