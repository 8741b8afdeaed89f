import type { SchemaContent } from "./read.ts";
import type { Column } from "./relations.ts";
import { type Key, keyOf } from "./source.ts";
import type { Constraint } from "./table-parts.ts";

/**
 * Decides which checks and defaults are made with their table or domain. One that needs a function of the schema is
 * not: the function may need the table. What is not validated comes behind the rows that may break it.
 */
export function inlineRule(
  content: SchemaContent,
  dependencies: ReadonlyMap<Key, readonly Key[]>,
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
      return isFree(keyOf("pg_constraint", part.oid), owner);
    }
    if (part.default === null || part.generated !== "") return true;
    const table = content.relations.get(part.relation);
    if (table === undefined || table.kind === "v" || inheritsIt(part, content)) return false;
    return isFree(keyOf("pg_attrdef", part.default), keyOf("pg_class", part.relation));
  };
}

/** True for a column that CREATE TABLE does not spell, since it comes from the tables above. */
function inheritsIt({ local, relation }: Column, { relations }: SchemaContent): boolean {
  const table = relations.get(relation);
  return !local && table !== undefined && !table.isPartition;
}
