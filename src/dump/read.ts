import * as free from "./free-objects.ts";
import {
  type Column,
  type Relation,
  readColumns,
  readRelations,
  readSequences,
  type Sequence,
} from "./relations.ts";
import { groupBy, type Key, keyOf, type Source } from "./source.ts";
import * as parts from "./table-parts.ts";

/** All that is known of a schema's objects, as the catalog has it. */
export interface SchemaContent {
  readonly version: number;
  readonly relations: ReadonlyMap<number, Relation>;
  readonly columns: ReadonlyMap<number, readonly Column[]>;
  readonly sequences: ReadonlyMap<number, Sequence>;
  readonly constraints: readonly parts.Constraint[];
  readonly indexes: readonly parts.Index[];
  readonly triggers: readonly parts.Trigger[];
  readonly rules: readonly parts.Rule[];
  readonly policies: readonly parts.Policy[];
  readonly statistics: readonly parts.Statistics[];
  readonly types: readonly free.UserType[];
  readonly routines: readonly free.Routine[];
  readonly operators: readonly free.Operator[];
  readonly collations: readonly free.Collation[];
  readonly searchConfigurations: readonly free.SearchConfiguration[];
  readonly searchDictionaries: readonly free.SearchDictionary[];
}

/** Reads a schema, in a number of queries that does not depend on what it holds. */
export async function readSchema(source: Source): Promise<SchemaContent> {
  const relations = await readRelations(source);
  const tables = relations.filter(({ kind }) => kind !== "S").map(({ oid }) => oid);
  await holdTables(source, relations);
  const types = await free.readTypes(source);
  const composites = types.flatMap(({ relation }) => (relation === 0 ? [] : [relation]));
  const columns = await readColumns(source, [...tables, ...composites]);
  const sequences = await readSequences(
    source,
    relations.flatMap(({ kind, oid }) => (kind === "S" ? [oid] : [])),
  );
  const domains = types.flatMap(({ kind, oid }) => (kind === "d" ? [oid] : []));
  return {
    version: source.version,
    relations: new Map(relations.map((relation) => [relation.oid, relation])),
    columns: groupBy(columns, ({ relation }) => relation),
    sequences: new Map(sequences.map((sequence) => [sequence.oid, sequence])),
    constraints: await parts.readConstraints(source, tables, domains),
    indexes: await parts.readIndexes(source, tables),
    triggers: await parts.readTriggers(source, tables),
    rules: await parts.readRules(source, tables),
    policies: await parts.readPolicies(source, tables),
    statistics: await parts.readStatistics(source),
    types,
    routines: await free.readRoutines(source),
    ...(await readRare(source)),
  };
}

/** Lets nobody change the tables while they are read: descriptions are of now, rows of the catalog of the beginning. */
async function holdTables({ session }: Source, relations: readonly Relation[]): Promise<void> {
  const tables = relations.filter(({ kind }) => kind === "r" || kind === "p");
  if (tables.length === 0) return;
  const names = tables.map(({ qualified }) => `ONLY ${qualified}`).join(", ");
  await session.query(`LOCK TABLE ${names} IN ACCESS SHARE MODE`);
}

async function readRare(source: Source) {
  return {
    operators: await free.readOperators(source),
    collations: await free.readCollations(source),
    searchConfigurations: await free.readSearchConfigurations(source),
    searchDictionaries: await free.readSearchDictionaries(source),
  };
}

/** The keys of all that was read, and of what comes about with it. */
export function keysOf(content: SchemaContent): Set<Key> {
  const lists: [string, Iterable<{ readonly oid: number }>][] = [
    ["pg_class", content.relations.values()],
    ["pg_class", content.indexes],
    ["pg_constraint", content.constraints],
    ["pg_trigger", content.triggers],
    ["pg_rewrite", content.rules],
    ["pg_policy", content.policies],
    ["pg_statistic_ext", content.statistics],
    ["pg_type", content.types],
    ["pg_proc", content.routines],
    ["pg_operator", content.operators],
    ["pg_collation", content.collations],
    ["pg_ts_config", content.searchConfigurations],
    ["pg_ts_dict", content.searchDictionaries],
  ];
  const keys = lists.flatMap(([catalog, rows]) => [...rows].map(({ oid }) => keyOf(catalog, oid)));
  return new Set([...keys, ...innerKeys(content)]);
}

function innerKeys({ relations, columns, types }: SchemaContent): Key[] {
  const keys: Key[] = [];
  for (const { rowType, rowArray, returnRule } of relations.values()) {
    keys.push(keyOf("pg_type", rowType), keyOf("pg_type", rowArray));
    if (returnRule !== null) keys.push(keyOf("pg_rewrite", returnRule));
  }
  for (const column of [...columns.values()].flat())
    if (column.default !== null) keys.push(keyOf("pg_attrdef", column.default));
  for (const { relation, array, range } of types) {
    keys.push(keyOf("pg_class", relation), keyOf("pg_type", array));
    if (range === null) continue;
    keys.push(keyOf("pg_type", range.multirange), keyOf("pg_type", range.multirangeArray));
  }
  return keys;
}
