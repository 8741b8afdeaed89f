import type { Column, Relation } from "../../catalog/relations.ts";
import type { SchemaObjects } from "../../catalog/schema-objects.ts";
import type { Constraint } from "../../catalog/table-parts.ts";
import { quoteIdentifier } from "../../core/quoting.ts";
import { columnActions, columnClause } from "./columns.ts";
import { storageOptions } from "./storage-options.ts";

/** What the statements of a table depend on. */
export interface TableContext {
  readonly objects: SchemaObjects;
  /** True for constraints and defaults that are created with their table or domain, see `inlineRule`. */
  readonly isInline: (part: Constraint | Column) => boolean;
}

/** The statements that create a table, with everything that CREATE TABLE can contain. */
export function createTable(table: Relation, context: TableContext): string[] {
  const { qualified, persistence, partitionKey, method } = table;
  const elements = [...columnElements(table, context), ...constraintElements(table, context)];
  const parents = inheritsFrom(table, context).map((parent) => parent.qualified);
  const clauses = [
    `CREATE ${persistence === "u" ? "UNLOGGED " : ""}TABLE ${qualified} (${list(elements)})`,
    ...(parents.length === 0 ? [] : [`INHERITS (${parents.join(", ")})`]),
    ...(partitionKey === null ? [] : [`PARTITION BY ${partitionKey}`]),
    ...(method === null ? [] : [`USING ${quoteIdentifier(method)}`]),
    ...optionsClause(table),
  ];
  const actions = tableActions(table, context);
  const statements = [clauses.join(" ")];
  if (actions.length > 0) statements.push(`ALTER TABLE ONLY ${qualified} ${actions.join(", ")}`);
  if (table.ofType !== null) statements.push(`ALTER TABLE ${qualified} OF ${table.ofType}`);
  if (joinedLater(table, context))
    for (const parent of parentsOf(table, context))
      statements.push(`ALTER TABLE ONLY ${qualified} INHERIT ${parent.qualified}`);
  return [...statements, ...attach(table, context)];
}

/** The storage parameters, including the TOAST table's, as a WITH clause; empty for none. */
export function optionsClause({ kind, method, options, toastOptions }: Relation): string[] {
  const owner = kind === "v" ? "view" : (method ?? "heap");
  const all = [storageOptions(options, owner), storageOptions(toastOptions, "heap", "toast.")];
  const given = all.filter((part) => part !== "");
  return given.length === 0 ? [] : [`WITH (${given.join(", ")})`];
}

function list(elements: readonly string[]): string {
  return elements.length === 0 ? "" : `\n  ${elements.join(",\n  ")}\n`;
}

/** A partition is created on its own and then attached: its columns can be in another order than its parent's. */
function attach(table: Relation, { objects }: TableContext): string[] {
  const parent = table.isPartition ? objects.relations.get(table.parents[0] ?? 0) : undefined;
  if (parent === undefined) return [];
  return [
    `ALTER TABLE ONLY ${parent.qualified} ATTACH PARTITION ${table.qualified} ${table.bound}`,
  ];
}

/** The tables that CREATE TABLE inherits columns from. */
function inheritsFrom(table: Relation, context: TableContext): Relation[] {
  return joinedLater(table, context) ? [] : parentsOf(table, context);
}

/** True for a table that had all its columns before it inherited them, and so keeps their order. */
function joinedLater({ oid }: Relation, { objects }: TableContext): boolean {
  return (objects.columns.get(oid) ?? []).every(({ local }) => local);
}

function parentsOf(table: Relation, { objects }: TableContext): Relation[] {
  if (table.isPartition) return [];
  return table.parents.flatMap((oid) => objects.relations.get(oid) ?? []);
}

function columnElements(table: Relation, context: TableContext): string[] {
  const { objects, isInline } = context;
  const inherits = inheritsFrom(table, context).length > 0;
  const columns = objects.columns.get(table.oid) ?? [];
  return columns
    .filter(({ local }) => local || !inherits)
    .map((column) => {
      const { name = "", noInherit = false } = notNullOf(column, context) ?? {};
      const named = `CONSTRAINT ${quoteIdentifier(name)} NOT NULL${noInherit ? " NO INHERIT" : ""}`;
      const unnamed = objects.version < 180000 && column.notNull ? " NOT NULL" : "";
      return columnClause({
        column,
        withDefault: isInline(column),
        identity: identityOf(column, objects),
        notNull: name === "" ? unnamed : ` ${named}`,
      });
    });
}

/** Since PostgreSQL 18, NOT NULL is a constraint with a name. */
function notNullOf(column: Column, { objects }: TableContext): Constraint | undefined {
  return objects.tableConstraints
    .get(column.relation)
    ?.find(
      ({ kind, columns, validated }) => kind === "n" && validated && columns?.[0] === column.number,
    );
}

function identityOf(column: Column, { sequences, relations }: SchemaObjects) {
  if (column.identity === "") return undefined;
  for (const sequence of sequences.values()) {
    const { internal, owner, ownerColumn } = sequence;
    if (internal !== true || owner !== column.relation || ownerColumn !== column.number) continue;
    const relation = relations.get(sequence.oid);
    if (relation !== undefined) return { relation, sequence };
  }
  return undefined;
}

/** Check constraints, and the NOT NULL constraints of inherited columns. */
function constraintElements(table: Relation, context: TableContext): string[] {
  const own = context.objects.tableConstraints.get(table.oid) ?? [];
  const checks = own.filter(
    (constraint) =>
      constraint.kind === "c" &&
      context.isInline(constraint) &&
      (table.isPartition || constraint.local),
  );
  return [...checks, ...ownNotNulls(table, context)].map(
    ({ name, definition }) => `CONSTRAINT ${quoteIdentifier(name)} ${definition}`,
  );
}

function ownNotNulls(table: Relation, context: TableContext): Constraint[] {
  const parents = inheritsFrom(table, context);
  if (parents.length === 0) return [];
  const inherited = new Set(
    parents.flatMap(({ oid }) =>
      (context.objects.tableConstraints.get(oid) ?? []).flatMap(({ kind, name }) =>
        kind === "n" ? name : [],
      ),
    ),
  );
  return (context.objects.columns.get(table.oid) ?? []).flatMap((column) => {
    const notNull = column.local ? undefined : notNullOf(column, context);
    return notNull === undefined || (!notNull.local && inherited.has(notNull.name))
      ? []
      : [notNull];
  });
}

export const replicaIdentities: Readonly<Record<string, string>> = { f: "FULL", n: "NOTHING" };

function tableActions(table: Relation, context: TableContext): string[] {
  const { objects } = context;
  const columns = objects.columns.get(table.oid) ?? [];
  const identity = replicaIdentities[table.replicaIdentity];
  return [
    ...columns.flatMap(columnActions),
    ...columns
      .filter(() => !table.isPartition)
      .flatMap((column) => inheritedActions(column, table, context)),
    ...(identity === undefined ? [] : [`REPLICA IDENTITY ${identity}`]),
  ];
}

/** Differences of an inherited column from its parents' columns. Another default is a part of its own. */
function inheritedActions(column: Column, table: Relation, context: TableContext): string[] {
  const alter = `ALTER COLUMN ${quoteIdentifier(column.name)}`;
  const above = inheritsFrom(table, context).flatMap(
    ({ oid }) => context.objects.columns.get(oid)?.find(({ name }) => name === column.name) ?? [],
  );
  const lost =
    column.expression === null &&
    above.some(({ expression, generated }) => expression !== null && generated === "");
  return [
    ...(context.objects.version < 180000 && column.notNull && !column.local
      ? [`${alter} SET NOT NULL`]
      : []),
    ...(lost ? [`${alter} DROP DEFAULT`] : []),
  ];
}
