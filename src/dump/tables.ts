import type { Relation } from "../catalog/relations.ts";
import type { SchemaObjects } from "../catalog/schema-objects.ts";
import type { DumpedTable } from "./types.ts";

/**
 * The tables that contain rows of their own, see `StructureDump`.
 *
 * @param alias the random name that replaces the schema's name in the objects' definitions
 */
export function dumpedTables(objects: SchemaObjects, alias: string): DumpedTable[] {
  return [...objects.relations.values()]
    .filter(({ kind }) => kind === "r")
    .map((table) => dumpedTable(table, objects, alias));
}

const nameType = /^reg(?:class|proc|procedure|oper|operator|type|config|dictionary|collation)$/;

function dumpedTable({ oid, name }: Relation, objects: SchemaObjects, alias: string): DumpedTable {
  const all = objects.columns.get(oid) ?? [];
  const columns = all.filter(({ generated }) => generated === "");
  const key = objects.tableConstraints.get(oid)?.find(({ kind }) => kind === "p");
  return {
    name,
    columns: columns.map((column) => column.name),
    key: (key?.columns ?? []).flatMap(
      (number) => all.find((column) => column.number === number)?.name ?? [],
    ),
    ownTypes: columns
      .map((column) => ({ column: column.name, type: column.type.split(alias) }))
      .filter(({ type }) => type.length > 1),
    nameTypes: columns
      .map((column) => ({ column: column.name, type: column.type }))
      .filter(({ type }) => nameType.test(type)),
  };
}
