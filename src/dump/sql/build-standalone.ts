import { objectKey } from "../../catalog/object-key.ts";
import type { Constraint } from "../../catalog/table-parts.ts";
import type { UserType } from "../../catalog/types.ts";
import { quoteIdentifier } from "../../core/quoting.ts";
import { rank, type StructureParts } from "./parts.ts";
import * as sql from "./standalone.ts";
import type { TableContext } from "./tables.ts";

/** Adds the objects that belong to no relation: types, routines, operators, collations and text search objects. */
export function addStandaloneObjects(parts: StructureParts, context: TableContext): void {
  const { objects } = context;
  for (const type of objects.types) addType(parts, type, context);
  for (const routine of objects.routines) {
    const key = objectKey("pg_proc", routine.oid);
    // CREATE TYPE also creates the constructors of a range type.
    if (routine.madeBy !== null) parts.include(key, objectKey("pg_type", routine.madeBy));
    else
      parts.add({
        key,
        rank: rank.routine,
        oid: routine.oid,
        statements: sql.createRoutine(routine),
        stub: routine.stub ?? undefined,
      });
  }
  const add = (catalog: string, oid: number, place: number, statements: readonly string[]) =>
    parts.add({ key: objectKey(catalog, oid), rank: place, oid, statements });
  for (const one of objects.operators)
    add("pg_operator", one.oid, rank.operator, [sql.createOperator(one)]);
  for (const one of objects.collations)
    add("pg_collation", one.oid, rank.collation, [sql.createCollation(one)]);
  for (const one of objects.searchDictionaries)
    add("pg_ts_dict", one.oid, rank.textSearch, [sql.createSearchDictionary(one)]);
  for (const one of objects.searchConfigurations)
    add("pg_ts_config", one.oid, rank.textSearch, sql.createSearchConfiguration(one));
}

function addType(parts: StructureParts, type: UserType, { objects, isInline }: TableContext): void {
  const key = objectKey("pg_type", type.oid);
  const own = objects.constraints.filter(({ domain }) => domain === type.oid);
  const inline = own.filter(isInline);
  const columns = objects.columns.get(type.relation) ?? [];
  const statement = sql.createType(type, columns, inline, objects.version);
  if (statement === undefined) return;
  const revoke = type.closed ? [`REVOKE ALL ON TYPE ${type.qualified} FROM PUBLIC`] : [];
  parts.add({ key, rank: rank.type, oid: type.oid, statements: [statement, ...revoke] });
  parts.include(objectKey("pg_type", type.array), key);
  if (type.relation !== 0) parts.include(objectKey("pg_class", type.relation), key);
  if (type.range !== null) {
    parts.include(objectKey("pg_type", type.range.multirange), key);
    parts.include(objectKey("pg_type", type.range.multirangeArray), key);
  }
  for (const constraint of own)
    if (inline.includes(constraint)) parts.include(objectKey("pg_constraint", constraint.oid), key);
    else addDomainConstraint(parts, type, constraint);
}

function addDomainConstraint(
  parts: StructureParts,
  type: UserType,
  { oid, name, definition, validated }: Constraint,
): void {
  parts.add({
    key: objectKey("pg_constraint", oid),
    rank: validated ? rank.default : rank.check,
    oid,
    statements: [
      `ALTER DOMAIN ${type.qualified} ADD CONSTRAINT ${quoteIdentifier(name)} ${definition}`,
    ],
    needs: [objectKey("pg_type", type.oid)],
  });
}
