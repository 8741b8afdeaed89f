import type { Dependencies } from "../../catalog/dependencies.ts";
import { type ObjectKey, objectKey } from "../../catalog/object-key.ts";
import type { Column } from "../../catalog/relations.ts";
import type { SchemaObjects } from "../../catalog/schema-objects.ts";
import type { Constraint } from "../../catalog/table-parts.ts";
import type { UserType } from "../../catalog/types.ts";

/**
 * Decides which checks and defaults are created with their table or domain. If one depends on a function of the schema,
 * it is created later, because the function can depend on the table. A check that is not validated is created after the
 * rows, which may violate it.
 *
 * A domain in another type (an array, range or composite type) must get its checks when it is created: PostgreSQL
 * cannot add one while a table has a column of such a type. Then the check's function is created first.
 */
export function inlineRule(
  objects: SchemaObjects,
  dependencies: Dependencies,
): (part: Constraint | Column) => boolean {
  const rows = new Set(
    [...objects.relations.values()].flatMap(({ rowType, rowArray }) => [
      objectKey("pg_type", rowType),
      objectKey("pg_type", rowArray),
    ]),
  );
  const harmless = (owner: ObjectKey) => (key: ObjectKey) => {
    const [catalog, oid] = key.split(":");
    if (catalog === "pg_type") return !rows.has(key);
    if (catalog === "pg_class") return key === owner || objects.sequences.has(Number(oid));
    return catalog === "pg_collation" || catalog === "pg_ts_config" || catalog === "pg_ts_dict";
  };
  const isFree = (key: ObjectKey, owner: ObjectKey) =>
    (dependencies.get(key) ?? []).every(harmless(owner));
  return (part) => {
    if ("kind" in part) {
      const owner =
        part.domain === 0 ? objectKey("pg_class", part.table) : objectKey("pg_type", part.domain);
      if (!"cn".includes(part.kind) || !part.validated) return false;
      const key = objectKey("pg_constraint", part.oid);
      if (isFree(key, owner)) return true;
      const domain = objects.types.find(({ oid }) => oid === part.domain);
      return (
        domain !== undefined &&
        isInOtherType(domain, objects, dependencies) &&
        !needs(key, domain, dependencies)
      );
    }
    if (part.default === null || part.generated !== "") return true;
    const table = objects.relations.get(part.relation);
    if (table === undefined || table.kind === "v" || isInherited(part, objects)) return false;
    return isFree(objectKey("pg_attrdef", part.default), objectKey("pg_class", part.relation));
  };
}

/**
 * True for a domain that another type contains, or of which a column is an array. A table's column of the domain counts
 * only if the table's row type is used elsewhere.
 */
function isInOtherType(
  { oid, array }: UserType,
  objects: SchemaObjects,
  dependencies: Dependencies,
) {
  const [own, many] = [objectKey("pg_type", oid), objectKey("pg_type", array)];
  const neededBy = (need: ObjectKey) =>
    [...dependencies].flatMap(([object, needed]) => (needed.includes(need) ? object : []));
  if (neededBy(many).some((object) => object !== own)) return true;
  return neededBy(own).some((object) => {
    const [catalog, number] = object.split(":");
    if (catalog === "pg_type") return object !== many;
    const relation = catalog === "pg_class" ? objects.relations.get(Number(number)) : undefined;
    if (relation === undefined) return catalog === "pg_class";
    const row = [relation.rowType, relation.rowArray].map((type) => objectKey("pg_type", type));
    return row.flatMap(neededBy).some((other) => other !== object && !row.includes(other));
  });
}

/** True if an object depends on a domain indirectly. */
function needs(key: ObjectKey, { oid, array }: UserType, dependencies: Dependencies): boolean {
  const seen = new Set<ObjectKey>();
  const waiting = [...(dependencies.get(key) ?? [])].filter(
    (need) => need !== objectKey("pg_type", oid),
  );
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next === objectKey("pg_type", oid) || next === objectKey("pg_type", array)) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    waiting.push(...(dependencies.get(next) ?? []));
  }
  return false;
}

/** True for a column that CREATE TABLE does not contain, because the table inherits it. */
function isInherited({ local, relation }: Column, { relations }: SchemaObjects): boolean {
  const table = relations.get(relation);
  return !local && table !== undefined && !table.isPartition;
}
