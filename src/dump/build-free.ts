import { quoteIdentifier } from "../core/quoting.ts";
import * as sql from "./free-sql.ts";
import { type Parts, rank } from "./parts.ts";
import { keyOf } from "./source.ts";
import type { TableContext } from "./table-sql.ts";

/** Adds what stands in the schema beside its relations: types, functions, operators and rarer things. */
export function addFreeObjects(parts: Parts, context: TableContext): void {
  const { content } = context;
  addTypes(parts, context);
  for (const routine of content.routines) {
    const key = keyOf("pg_proc", routine.oid);
    // A range comes with its constructors.
    if (routine.madeBy !== null) parts.include(key, keyOf("pg_type", routine.madeBy));
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
    parts.add({ key: keyOf(catalog, oid), rank: place, oid, statements });
  for (const one of content.operators)
    add("pg_operator", one.oid, rank.operator, [sql.createOperator(one)]);
  for (const one of content.collations)
    add("pg_collation", one.oid, rank.collation, [sql.createCollation(one)]);
  for (const one of content.searchDictionaries)
    add("pg_ts_dict", one.oid, rank.textSearch, [sql.createSearchDictionary(one)]);
  for (const one of content.searchConfigurations)
    add("pg_ts_config", one.oid, rank.textSearch, sql.createSearchConfiguration(one));
}

function addTypes(parts: Parts, { content, isInline }: TableContext): void {
  for (const type of content.types) {
    const key = keyOf("pg_type", type.oid);
    const own = content.constraints.filter(({ domain }) => domain === type.oid);
    const inline = own.filter(isInline);
    const columns = content.columns.get(type.relation) ?? [];
    const statement = sql.createType(type, columns, inline, content.version);
    if (statement === undefined) continue;
    const closing = type.closed ? [`REVOKE ALL ON TYPE ${type.qualified} FROM PUBLIC`] : [];
    parts.add({ key, rank: rank.type, oid: type.oid, statements: [statement, ...closing] });
    parts.include(keyOf("pg_type", type.array), key);
    if (type.relation !== 0) parts.include(keyOf("pg_class", type.relation), key);
    if (type.range !== null) {
      parts.include(keyOf("pg_type", type.range.multirange), key);
      parts.include(keyOf("pg_type", type.range.multirangeArray), key);
    }
    for (const constraint of own) {
      const { oid, name, definition, validated } = constraint;
      const constraintKey = keyOf("pg_constraint", oid);
      if (inline.includes(constraint)) {
        parts.include(constraintKey, key);
        continue;
      }
      const add = `ALTER DOMAIN ${type.qualified} ADD CONSTRAINT ${quoteIdentifier(name)} ${definition}`;
      const place = validated ? rank.default : rank.check;
      parts.add({ key: constraintKey, rank: place, oid, statements: [add], needs: [key] });
    }
  }
}
