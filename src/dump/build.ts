import { quoteIdentifier } from "../core/quoting.ts";
import { addFreeObjects } from "./build-free.ts";
import { inlineRule } from "./inline.ts";
import * as sql from "./part-sql.ts";
import { Parts, rank } from "./parts.ts";
import type { SchemaContent } from "./read.ts";
import type { Comment } from "./related.ts";
import type { Column, Relation } from "./relations.ts";
import { createSequence } from "./sequence-sql.ts";
import { groupBy, type Key, keyOf } from "./source.ts";
import type { Constraint } from "./table-parts.ts";
import { createTable, type TableContext } from "./table-sql.ts";

/**
 * Writes the statements of a schema and says which of them makes which object.
 */
export function buildParts(
  content: SchemaContent,
  comments: readonly Comment[],
  dependencies: ReadonlyMap<Key, readonly Key[]>,
): Parts {
  const parts = new Parts();
  const context: TableContext = {
    content,
    constraints: groupBy(
      content.constraints.filter(({ table }) => table !== 0),
      ({ table }) => table,
    ),
    isInline: inlineRule(content, dependencies),
  };
  addFreeObjects(parts, context);
  for (const relation of content.relations.values()) addRelation(parts, relation, context);
  for (const columns of content.columns.values())
    for (const column of columns) addDefault(parts, column, context);
  for (const constraint of content.constraints)
    if (constraint.table !== 0) addTableConstraint(parts, constraint, context);
  addIndexes(parts, content);
  addTriggers(parts, content);
  addRest(parts, content);
  for (const [position, comment] of comments.entries()) {
    const key = `comment:${position}`;
    const needs = [keyOf(comment.catalog, comment.oid)];
    parts.add({
      key,
      rank: rank.comment,
      oid: position,
      statements: [sql.commentOn(comment)],
      needs,
    });
  }
  return parts;
}

function addRelation(parts: Parts, relation: Relation, context: TableContext): void {
  const { content } = context;
  const { oid, kind, rowType, rowArray, returnRule } = relation;
  const key = keyOf("pg_class", oid);
  if (kind === "S") {
    addSequence(parts, relation, content);
    return;
  }
  for (const type of [rowType, rowArray]) parts.include(keyOf("pg_type", type), key);
  if (returnRule !== null) parts.include(keyOf("pg_rewrite", returnRule), key);
  if (kind === "r" || kind === "p") {
    parts.add({ key, rank: rank.table, oid, statements: createTable(relation, context) });
    const security = sql.rowSecurity(relation);
    const secured = { key: `security:${oid}`, rank: rank.security, oid, statements: security };
    if (security.length > 0) parts.add({ ...secured, needs: [key] });
    return;
  }
  const statements = sql.createView(relation, content.columns.get(oid) ?? []);
  parts.add({ key, rank: rank.view, oid, statements });
  if (kind !== "m" || !relation.populated) return;
  const refresh = [`REFRESH MATERIALIZED VIEW ${relation.qualified}`];
  parts.add({
    key: `refresh:${oid}`,
    rank: rank.refresh,
    oid,
    statements: refresh,
    needs: [key],
  });
}

function addSequence(parts: Parts, relation: Relation, content: SchemaContent): void {
  const { oid } = relation;
  const key = keyOf("pg_class", oid);
  const sequence = content.sequences.get(oid);
  if (sequence === undefined) return;
  const owner = sequence.owner === null ? undefined : content.relations.get(sequence.owner);
  if (owner !== undefined && sequence.internal === true) {
    parts.include(key, keyOf("pg_class", owner.oid));
    return;
  }
  parts.add({ key, rank: rank.sequence, oid, statements: [createSequence(relation, sequence)] });
  const column = content.columns
    .get(owner?.oid ?? 0)
    ?.find(({ number }) => number === sequence.ownerColumn);
  if (owner === undefined || column === undefined) return;
  parts.add({
    key: `ownership:${oid}`,
    rank: rank.ownership,
    oid,
    statements: [
      `ALTER SEQUENCE ${relation.qualified} OWNED BY ${owner.qualified}.${quoteIdentifier(column.name)}`,
    ],
    needs: [key, keyOf("pg_class", owner.oid)],
  });
}

function addDefault(parts: Parts, column: Column, { content, isInline }: TableContext): void {
  const table = content.relations.get(column.relation);
  if (column.default === null || table === undefined) return;
  const key = keyOf("pg_attrdef", column.default);
  const tableKey = keyOf("pg_class", table.oid);
  if (isInline(column)) {
    parts.include(key, tableKey);
    return;
  }
  const alter = `ALTER COLUMN ${quoteIdentifier(column.name)} SET DEFAULT ${column.expression}`;
  parts.add({
    key,
    rank: rank.default,
    oid: column.default,
    statements: [`ALTER TABLE ONLY ${table.qualified} ${alter}`],
    needs: [tableKey],
  });
}

function addTableConstraint(parts: Parts, constraint: Constraint, context: TableContext): void {
  const { content, isInline } = context;
  const { oid, kind } = constraint;
  const table = content.relations.get(constraint.table);
  // A constraint trigger's constraint comes with the trigger, see there.
  if (table === undefined || kind === "t") return;
  const key = keyOf("pg_constraint", oid);
  const tableKey = keyOf("pg_class", table.oid);
  if ("cn".includes(kind) && (isInline(constraint) || !constraint.local)) {
    parts.include(key, tableKey);
    return;
  }
  if (kind === "f" && constraint.parent !== 0) {
    addForeignKeyBelow(parts, constraint, table, content);
    return;
  }
  const index = "pux".includes(kind)
    ? content.indexes.find((one) => one.oid === constraint.index)
    : undefined;
  if (index !== undefined) parts.include(keyOf("pg_class", index.oid), key);
  const ranks: Readonly<Record<string, number>> = {
    f: rank.foreignKey,
    c: rank.check,
    n: rank.check,
  };
  parts.add({
    key,
    rank: ranks[kind] ?? rank.key,
    oid,
    statements: sql.addConstraint(table, constraint, index),
    needs: [tableKey],
  });
}

/** A partition's copy of a foreign key comes with the one above; it may have another name. */
function addForeignKeyBelow(
  parts: Parts,
  { oid, name, table, parent: above }: Constraint,
  { qualified }: Relation,
  { constraints }: SchemaContent,
): void {
  const key = keyOf("pg_constraint", oid);
  const parent = constraints.find((one) => one.oid === above);
  parts.include(key, keyOf("pg_constraint", above));
  if (parent === undefined || parent.table === table || parent.name === name) return;
  const rename = `RENAME CONSTRAINT ${quoteIdentifier(parent.name)} TO ${quoteIdentifier(name)}`;
  const statements = [`ALTER TABLE ONLY ${qualified} ${rename}`];
  parts.add({ key: `rename:${oid}`, rank: rank.foreignKey, oid, statements, needs: [key] });
}

function addIndexes(parts: Parts, { indexes, relations, constraints }: SchemaContent): void {
  const ofConstraints = new Set(
    constraints.flatMap(({ kind, index }) => ("pux".includes(kind) ? index : [])),
  );
  for (const index of indexes) {
    const table = relations.get(index.table);
    if (table === undefined) continue;
    const { oid } = index;
    const key = keyOf("pg_class", oid);
    if (!ofConstraints.has(oid)) {
      const statements = sql.createIndex(table, index);
      parts.add({ key, rank: rank.index, oid, statements, needs: [keyOf("pg_class", table.oid)] });
    }
    const parent = indexes.find((one) => one.oid === index.parent);
    if (parent === undefined) continue;
    parts.add({
      key: `attach:${oid}`,
      rank: rank.attach,
      oid,
      statements: [`ALTER INDEX ${parent.qualified} ATTACH PARTITION ${index.qualified}`],
      needs: [key, keyOf("pg_class", parent.oid)],
    });
  }
}

function addTriggers(parts: Parts, { triggers, relations }: SchemaContent): void {
  for (const trigger of triggers) {
    const { oid, enabled, parent, parentEnabled } = trigger;
    const table = relations.get(trigger.table);
    if (table === undefined) continue;
    const key = keyOf("pg_trigger", oid);
    if (trigger.constraint !== 0) parts.include(keyOf("pg_constraint", trigger.constraint), key);
    const base = { rank: rank.trigger, oid };
    if (parent === 0) {
      const needs = [keyOf("pg_class", table.oid)];
      parts.add({ ...base, key, statements: sql.createTrigger(table, trigger), needs });
      continue;
    }
    // A partition's copy comes with the trigger above, and may be in another state.
    parts.include(key, keyOf("pg_trigger", parent));
    if (enabled === parentEnabled) continue;
    const statements = [sql.triggerState(table, trigger.name, enabled)];
    parts.add({ ...base, key: `state:${oid}`, statements, needs: [key] });
  }
}

function addRest(parts: Parts, { rules, policies, statistics, relations }: SchemaContent): void {
  for (const rule of rules) {
    const table = relations.get(rule.table);
    if (table === undefined) continue;
    const statements = sql.createRule(table, rule);
    parts.add({ key: keyOf("pg_rewrite", rule.oid), rank: rank.rule, oid: rule.oid, statements });
  }
  for (const policy of policies) {
    const table = relations.get(policy.table);
    if (table === undefined) continue;
    const { oid } = policy;
    const statements = [sql.createPolicy(table, policy)];
    parts.add({ key: keyOf("pg_policy", oid), rank: rank.policy, oid, statements });
  }
  for (const one of statistics) {
    const key = keyOf("pg_statistic_ext", one.oid);
    parts.add({ key, rank: rank.statistics, oid: one.oid, statements: sql.createStatistics(one) });
  }
}
