import type { UserType } from "./free-objects.ts";
import type { SchemaContent } from "./read.ts";
import type { Column } from "./relations.ts";
import { type Key, keyOf } from "./source.ts";
import type { Constraint } from "./table-parts.ts";

/**
 * Decides which checks and defaults are made with their table or domain. One that needs a function of the schema is
 * not: the function may need the table. What is not validated comes behind the rows that may break it.
 *
 * A domain that other types hold, an array, a range or a composite type, can have a check only from the beginning:
 * PostgreSQL adds none to it while a table has a column of such a type. Its function comes first then.
 */
export function inlineRule(
  content: SchemaContent,
  dependencies: Dependencies,
): (part: Constraint | Column) => boolean {
  const rows = new Set(
    [...content.relations.values()].flatMap(({ rowType, rowArray }) => [
      keyOf("pg_type", rowType),
      keyOf("pg_type", rowArray),
    ]),
  );
  const harmless = (owner: Key) => (key: Key) => {
    const [catalog, oid] = key.split(":");
    if (catalog === "pg_type") return !rows.has(key);
    if (catalog === "pg_class") return key === owner || content.sequences.has(Number(oid));
    return catalog === "pg_collation" || catalog === "pg_ts_config" || catalog === "pg_ts_dict";
  };
  const isFree = (key: Key, owner: Key) => (dependencies.get(key) ?? []).every(harmless(owner));
  return (part) => {
    if ("kind" in part) {
      const owner =
        part.domain === 0 ? keyOf("pg_class", part.table) : keyOf("pg_type", part.domain);
      if (!"cn".includes(part.kind) || !part.validated) return false;
      const key = keyOf("pg_constraint", part.oid);
      if (isFree(key, owner)) return true;
      const domain = content.types.find(({ oid }) => oid === part.domain);
      return (
        domain !== undefined &&
        isHeld(domain, content, dependencies) &&
        !needs(key, domain, dependencies)
      );
    }
    if (part.default === null || part.generated !== "") return true;
    const table = content.relations.get(part.relation);
    if (table === undefined || table.kind === "v" || inheritsIt(part, content)) return false;
    return isFree(keyOf("pg_attrdef", part.default), keyOf("pg_class", part.relation));
  };
}

type Dependencies = ReadonlyMap<Key, readonly Key[]>;

/**
 * True for a domain that another type holds, or that a column has an array of. A table's own column of the domain counts
 * only where the table's row is a type of something else.
 */
function isHeld({ oid, array }: UserType, content: SchemaContent, dependencies: Dependencies) {
  const [own, many] = [keyOf("pg_type", oid), keyOf("pg_type", array)];
  const neededBy = (need: Key) =>
    [...dependencies].flatMap(([object, needed]) => (needed.includes(need) ? object : []));
  if (neededBy(many).some((object) => object !== own)) return true;
  return neededBy(own).some((object) => {
    const [catalog, number] = object.split(":");
    if (catalog === "pg_type") return object !== many;
    const relation = catalog === "pg_class" ? content.relations.get(Number(number)) : undefined;
    if (relation === undefined) return catalog === "pg_class";
    const row = [relation.rowType, relation.rowArray].map((type) => keyOf("pg_type", type));
    return row.flatMap(neededBy).some((other) => other !== object && !row.includes(other));
  });
}

/** True when something needs a domain, by way of others. */
function needs(key: Key, { oid, array }: UserType, dependencies: Dependencies): boolean {
  const seen = new Set<Key>();
  const waiting = [...(dependencies.get(key) ?? [])].filter(
    (need) => need !== keyOf("pg_type", oid),
  );
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next === keyOf("pg_type", oid) || next === keyOf("pg_type", array)) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    waiting.push(...(dependencies.get(next) ?? []));
  }
  return false;
}

/** True for a column that CREATE TABLE does not spell, since it comes from the tables above. */
function inheritsIt({ local, relation }: Column, { relations }: SchemaContent): boolean {
  const table = relations.get(relation);
  return !local && table !== undefined && !table.isPartition;
}
