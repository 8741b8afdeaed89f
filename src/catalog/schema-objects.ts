import { type Collation, readCollations } from "./collations.ts";
import { type ObjectKey, objectKey } from "./object-key.ts";
import { type Operator, readOperators } from "./operators.ts";
import {
  type Column,
  type Relation,
  readColumns,
  readRelations,
  readSequences,
  type Sequence,
} from "./relations.ts";
import { type Routine, readRoutines } from "./routines.ts";
import type { SchemaReader } from "./schema-reader.ts";
import * as parts from "./table-parts.ts";
import {
  readSearchConfigurations,
  readSearchDictionaries,
  type SearchConfiguration,
  type SearchDictionary,
} from "./text-search.ts";
import { readTypes, type UserType } from "./types.ts";

/** A schema's objects, except the ledger, as the catalogs describe them. Maps are keyed by oid. */
export interface SchemaObjects {
  /** The server's version as `server_version_num`, such as 180000. */
  readonly version: number;
  readonly relations: ReadonlyMap<number, Relation>;
  /** The columns of each relation and composite type, in order. */
  readonly columns: ReadonlyMap<number, readonly Column[]>;
  readonly sequences: ReadonlyMap<number, Sequence>;
  readonly constraints: readonly parts.Constraint[];
  readonly tableConstraints: ReadonlyMap<number, readonly parts.Constraint[]>;
  readonly indexes: readonly parts.Index[];
  readonly triggers: readonly parts.Trigger[];
  readonly rules: readonly parts.Rule[];
  readonly policies: readonly parts.Policy[];
  readonly statistics: readonly parts.Statistics[];
  readonly types: readonly UserType[];
  readonly routines: readonly Routine[];
  readonly operators: readonly Operator[];
  readonly collations: readonly Collation[];
  readonly searchConfigurations: readonly SearchConfiguration[];
  readonly searchDictionaries: readonly SearchDictionary[];
}

/** Reads all objects of a schema, in a fixed number of queries. */
export async function readSchemaObjects(reader: SchemaReader): Promise<SchemaObjects> {
  const relations = await readRelations(reader);
  await lockTables(reader, relations);
  const types = await readTypes(reader);
  return {
    version: reader.version,
    relations: new Map(relations.map((relation) => [relation.oid, relation])),
    ...(await readOfRelations(reader, relations, types)),
    types,
    statistics: await parts.readStatistics(reader),
    routines: await readRoutines(reader),
    operators: await readOperators(reader),
    collations: await readCollations(reader),
    searchConfigurations: await readSearchConfigurations(reader),
    searchDictionaries: await readSearchDictionaries(reader),
  };
}

/**
 * Keeps the tables from changing while they are read: PostgreSQL's functions describe them as they are now, but queries
 * read the catalogs as they were when the transaction began.
 */
async function lockTables(
  { session }: SchemaReader,
  relations: readonly Relation[],
): Promise<void> {
  const tables = relations.filter(({ kind }) => kind === "r" || kind === "p");
  if (tables.length === 0) return;
  const names = tables.map(({ qualified }) => `ONLY ${qualified}`).join(", ");
  await session.query(`LOCK TABLE ${names} IN ACCESS SHARE MODE`);
}

async function readOfRelations(
  reader: SchemaReader,
  relations: readonly Relation[],
  types: readonly UserType[],
) {
  const tables = relations.filter(({ kind }) => kind !== "S").map(({ oid }) => oid);
  const composites = types.flatMap(({ relation }) => (relation === 0 ? [] : [relation]));
  const domains = types.filter(({ kind }) => kind === "d").map(({ oid }) => oid);
  const sequenceOids = relations.filter(({ kind }) => kind === "S").map(({ oid }) => oid);
  const columns = await readColumns(reader, [...tables, ...composites]);
  const sequences = await readSequences(reader, sequenceOids);
  const constraints = await parts.readConstraints(reader, tables, domains);
  return {
    columns: groupBy(columns, ({ relation }) => relation),
    sequences: new Map(sequences.map((sequence) => [sequence.oid, sequence])),
    constraints,
    tableConstraints: groupBy(
      constraints.filter(({ table }) => table !== 0),
      ({ table }) => table,
    ),
    indexes: await parts.readIndexes(reader, tables),
    triggers: await parts.readTriggers(reader, tables),
    rules: await parts.readRules(reader, tables),
    policies: await parts.readPolicies(reader, tables),
  };
}

function groupBy<Row>(
  rows: Iterable<Row>,
  by: (row: Row) => number,
): ReadonlyMap<number, readonly Row[]> {
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const group = groups.get(by(row));
    if (group === undefined) groups.set(by(row), [row]);
    else group.push(row);
  }
  return groups;
}

/** The keys of all objects that were read, and of the objects that PostgreSQL creates along with them. */
export function objectKeys(objects: SchemaObjects): Set<ObjectKey> {
  const lists: [string, Iterable<{ readonly oid: number }>][] = [
    ["pg_class", objects.relations.values()],
    ["pg_class", objects.indexes],
    ["pg_constraint", objects.constraints],
    ["pg_trigger", objects.triggers],
    ["pg_rewrite", objects.rules],
    ["pg_policy", objects.policies],
    ["pg_statistic_ext", objects.statistics],
    ["pg_type", objects.types],
    ["pg_proc", objects.routines],
    ["pg_operator", objects.operators],
    ["pg_collation", objects.collations],
    ["pg_ts_config", objects.searchConfigurations],
    ["pg_ts_dict", objects.searchDictionaries],
  ];
  const keys = lists.flatMap(([catalog, rows]) =>
    [...rows].map(({ oid }) => objectKey(catalog, oid)),
  );
  return new Set([...keys, ...internalKeys(objects)]);
}

function internalKeys({ relations, columns, types }: SchemaObjects): ObjectKey[] {
  const keys: ObjectKey[] = [];
  for (const { rowType, rowArray, returnRule } of relations.values()) {
    keys.push(objectKey("pg_type", rowType), objectKey("pg_type", rowArray));
    if (returnRule !== null) keys.push(objectKey("pg_rewrite", returnRule));
  }
  for (const column of [...columns.values()].flat())
    if (column.default !== null) keys.push(objectKey("pg_attrdef", column.default));
  for (const { relation, array, range } of types) {
    keys.push(objectKey("pg_class", relation), objectKey("pg_type", array));
    if (range === null) continue;
    keys.push(objectKey("pg_type", range.multirange), objectKey("pg_type", range.multirangeArray));
  }
  return keys;
}
