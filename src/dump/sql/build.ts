import type { Comment } from "../../catalog/comments.ts";
import type { Dependencies } from "../../catalog/dependencies.ts";
import { objectKey } from "../../catalog/object-key.ts";
import type { Column, Relation } from "../../catalog/relations.ts";
import type { SchemaObjects } from "../../catalog/schema-objects.ts";
import type { Constraint } from "../../catalog/table-parts.ts";
import { quoteIdentifier } from "../../core/quoting.ts";
import { addStandaloneObjects } from "./build-standalone.ts";
import { inlineRule } from "./inline.ts";
import { rank, StructureParts } from "./parts.ts";
import { createSequence } from "./sequences.ts";
import * as sql from "./table-parts.ts";
import { createTable, type TableContext } from "./tables.ts";

/** Writes the statements that create a schema's objects, and records which statements create which object. */
export function buildParts(
  objects: SchemaObjects,
  comments: readonly Comment[],
  dependencies: Dependencies,
): StructureParts {
  const parts = new StructureParts();
  const context: TableContext = {
    objects,
    isInline: inlineRule(objects, dependencies),
  };
  addStandaloneObjects(parts, context);
  for (const relation of objects.relations.values()) addRelation(parts, relation, context);
  for (const columns of objects.columns.values())
    for (const column of columns) addDefault(parts, column, context);
  for (const constraint of objects.constraints)
    if (constraint.table !== 0) addTableConstraint(parts, constraint, context);
  addIndexes(parts, objects);
  addTriggers(parts, objects);
  addRulesPoliciesStatistics(parts, objects);
  addComments(parts, comments);
  return parts;
}

function addComments(parts: StructureParts, comments: readonly Comment[]): void {
  for (const [position, comment] of comments.entries())
    parts.add({
      key: `comment:${position}`,
      rank: rank.comment,
      oid: position,
      statements: [sql.commentOn(comment)],
      needs: [objectKey(comment.catalog, comment.oid)],
    });
}

function addRelation(parts: StructureParts, relation: Relation, context: TableContext): void {
  const { objects } = context;
  const { oid, kind, rowType, rowArray, returnRule } = relation;
  const key = objectKey("pg_class", oid);
  if (kind === "S") {
    addSequence(parts, relation, objects);
    return;
  }
  for (const type of [rowType, rowArray]) parts.include(objectKey("pg_type", type), key);
  if (returnRule !== null) parts.include(objectKey("pg_rewrite", returnRule), key);
  if (kind === "r" || kind === "p") {
    parts.add({ key, rank: rank.table, oid, statements: createTable(relation, context) });
    const security = sql.rowSecurity(relation);
    const secured = { key: `security:${oid}`, rank: rank.security, oid, statements: security };
    if (security.length > 0) parts.add({ ...secured, needs: [key] });
    return;
  }
  const statements = sql.createView(relation, objects.columns.get(oid) ?? []);
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

function addSequence(parts: StructureParts, relation: Relation, objects: SchemaObjects): void {
  const { oid } = relation;
  const key = objectKey("pg_class", oid);
  const sequence = objects.sequences.get(oid);
  if (sequence === undefined) return;
  const owner = sequence.owner === null ? undefined : objects.relations.get(sequence.owner);
  if (owner !== undefined && sequence.internal === true) {
    parts.include(key, objectKey("pg_class", owner.oid));
    return;
  }
  parts.add({ key, rank: rank.sequence, oid, statements: [createSequence(relation, sequence)] });
  const column = objects.columns
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
    needs: [key, objectKey("pg_class", owner.oid)],
  });
}

function addDefault(
  parts: StructureParts,
  column: Column,
  { objects, isInline }: TableContext,
): void {
  const table = objects.relations.get(column.relation);
  if (column.default === null || table === undefined) return;
  const key = objectKey("pg_attrdef", column.default);
  const tableKey = objectKey("pg_class", table.oid);
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

function addTableConstraint(
  parts: StructureParts,
  constraint: Constraint,
  context: TableContext,
): void {
  const { objects, isInline } = context;
  const { oid, kind } = constraint;
  const table = objects.relations.get(constraint.table);
  // CREATE CONSTRAINT TRIGGER creates the constraint of a constraint trigger, see `addTriggers`.
  if (table === undefined || kind === "t") return;
  const key = objectKey("pg_constraint", oid);
  const tableKey = objectKey("pg_class", table.oid);
  if ("cn".includes(kind) && (isInline(constraint) || !constraint.local)) {
    parts.include(key, tableKey);
    return;
  }
  if (kind === "f" && constraint.parent !== 0) {
    addPartitionForeignKey(parts, constraint, table, objects);
    return;
  }
  const index = "pux".includes(kind)
    ? objects.indexes.find((one) => one.oid === constraint.index)
    : undefined;
  if (index !== undefined) parts.include(objectKey("pg_class", index.oid), key);
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

/** PostgreSQL creates a partition's foreign key with that of its partitioned table. Only its name can differ. */
function addPartitionForeignKey(
  parts: StructureParts,
  { oid, name, table, parent: parentOid }: Constraint,
  { qualified }: Relation,
  { constraints }: SchemaObjects,
): void {
  const key = objectKey("pg_constraint", oid);
  const parent = constraints.find((one) => one.oid === parentOid);
  parts.include(key, objectKey("pg_constraint", parentOid));
  if (parent === undefined || parent.table === table || parent.name === name) return;
  const rename = `RENAME CONSTRAINT ${quoteIdentifier(parent.name)} TO ${quoteIdentifier(name)}`;
  const statements = [`ALTER TABLE ONLY ${qualified} ${rename}`];
  parts.add({ key: `rename:${oid}`, rank: rank.foreignKey, oid, statements, needs: [key] });
}

function addIndexes(
  parts: StructureParts,
  { indexes, relations, constraints }: SchemaObjects,
): void {
  const ofConstraints = new Set(
    constraints.flatMap(({ kind, index }) => ("pux".includes(kind) ? index : [])),
  );
  for (const index of indexes) {
    const table = relations.get(index.table);
    if (table === undefined) continue;
    const { oid } = index;
    const key = objectKey("pg_class", oid);
    if (!ofConstraints.has(oid)) {
      const statements = sql.createIndex(table, index);
      parts.add({
        key,
        rank: rank.index,
        oid,
        statements,
        needs: [objectKey("pg_class", table.oid)],
      });
    }
    const parent = indexes.find((one) => one.oid === index.parent);
    if (parent === undefined) continue;
    parts.add({
      key: `attach:${oid}`,
      rank: rank.attach,
      oid,
      statements: [`ALTER INDEX ${parent.qualified} ATTACH PARTITION ${index.qualified}`],
      needs: [key, objectKey("pg_class", parent.oid)],
    });
  }
}

function addTriggers(parts: StructureParts, { triggers, relations }: SchemaObjects): void {
  for (const trigger of triggers) {
    const { oid, enabled, parent, parentEnabled } = trigger;
    const table = relations.get(trigger.table);
    if (table === undefined) continue;
    const key = objectKey("pg_trigger", oid);
    if (trigger.constraint !== 0)
      parts.include(objectKey("pg_constraint", trigger.constraint), key);
    const base = { rank: rank.trigger, oid };
    if (parent === 0) {
      const needs = [objectKey("pg_class", table.oid)];
      parts.add({ ...base, key, statements: sql.createTrigger(table, trigger), needs });
      continue;
    }
    // PostgreSQL creates a partition's trigger with that of its partitioned table. Only its state can differ.
    parts.include(key, objectKey("pg_trigger", parent));
    if (enabled === parentEnabled) continue;
    const statements = [sql.triggerState(table, trigger.name, enabled)];
    parts.add({ ...base, key: `state:${oid}`, statements, needs: [key] });
  }
}

function addRulesPoliciesStatistics(
  parts: StructureParts,
  { rules, policies, statistics, relations }: SchemaObjects,
): void {
  for (const rule of rules) {
    const table = relations.get(rule.table);
    if (table === undefined) continue;
    const statements = sql.createRule(table, rule);
    parts.add({
      key: objectKey("pg_rewrite", rule.oid),
      rank: rank.rule,
      oid: rule.oid,
      statements,
    });
  }
  for (const policy of policies) {
    const table = relations.get(policy.table);
    if (table === undefined) continue;
    const { oid } = policy;
    const statements = [sql.createPolicy(table, policy)];
    parts.add({ key: objectKey("pg_policy", oid), rank: rank.policy, oid, statements });
  }
  for (const one of statistics) {
    const key = objectKey("pg_statistic_ext", one.oid);
    parts.add({ key, rank: rank.statistics, oid: one.oid, statements: sql.createStatistics(one) });
  }
}
