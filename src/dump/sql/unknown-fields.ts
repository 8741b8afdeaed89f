import type { SchemaObjects } from "../../catalog/schema-objects.ts";
import { compressions, storages } from "./columns.ts";
import { collationProviders } from "./standalone.ts";
import { isInternalOption, unknownOptions } from "./storage-options.ts";
import { commands, states } from "./table-parts.ts";
import { replicaIdentities } from "./tables.ts";

/** The letters in the catalog's columns that can be written as SQL. */
const letters = {
  persistence: ["p", "u"],
  identity: ["", "a", "d"],
  generated: ["", "s", "v"],
  compression: ["", ...Object.keys(compressions)],
  storage: Object.keys(storages),
  "kind of constraint": ["c", "f", "n", "p", "u", "x", "t"],
  "replica identity": ["d", "i", ...Object.keys(replicaIdentities)],
  "trigger state": Object.keys(states),
  "policy command": ["*", ...Object.keys(commands)],
  "collation provider": Object.keys(collationProviders),
} as const;

/**
 * Finds properties of objects that cannot be written as SQL: letters or options of a later version of PostgreSQL, or of
 * an extension. A copy without them would differ. Options that only the server sets are ignored, see `isInternalOption`.
 *
 * @returns each with the name of its object, such as "storage z of column t.c"
 */
export function unknownFields(objects: SchemaObjects): string[] {
  const found: string[] = [];
  const check = (field: keyof typeof letters, letter: string, of: string) => {
    const known: readonly string[] = letters[field];
    if (!known.includes(letter)) found.push(`${field} ${letter} of ${of}`);
  };
  for (const { name, persistence, replicaIdentity, parents } of objects.relations.values()) {
    if (!parents.every((oid) => objects.relations.has(oid)))
      found.push(`the inheritance of ${name} from another schema`);
    check("persistence", persistence, name);
    check("replica identity", replicaIdentity, name);
  }
  for (const columns of objects.columns.values())
    for (const column of columns) {
      const of = columnName(objects, column);
      check("identity", column.identity, of);
      check("generated", column.generated, of);
      check("compression", column.compression, of);
      if (column.storage !== null) check("storage", column.storage, of);
    }
  for (const { kind, name } of objects.constraints) check("kind of constraint", kind, name);
  for (const { enabled, name } of [...objects.triggers, ...objects.rules])
    check("trigger state", enabled, name);
  for (const { command, name } of objects.policies) check("policy command", command, name);
  for (const { row, qualified } of objects.collations)
    check("collation provider", String(row.collprovider), qualified);
  return [...found, ...uncopyableOptions(objects)];
}

function uncopyableOptions({ relations, columns, indexes }: SchemaObjects): string[] {
  const of = (name: string) => (option: string) => `the option ${option} of ${name}`;
  return [
    ...[...relations.values()].flatMap(({ name, kind, method, options, toastOptions }) => [
      ...unknownOptions(options, kind === "v" ? "view" : (method ?? "heap")).map(of(name)),
      ...unknownOptions(toastOptions, "heap").map(of(`the TOAST table of ${name}`)),
    ]),
    ...[...columns.values()].flat().flatMap((column) => {
      const place = columnName({ relations }, column);
      return unknownOptions(column.options, "column").map(of(place));
    }),
    ...indexes.flatMap(({ name, method, options }) =>
      unknownOptions(options, method).map(of(name)),
    ),
    // The definition of an index that PostgreSQL writes contains all its options.
    ...indexes.flatMap(({ name, options }) =>
      (options ?? []).filter(isInternalOption).map(of(name)),
    ),
  ];
}

function columnName(
  { relations }: Pick<SchemaObjects, "relations">,
  { relation, name }: { readonly relation: number; readonly name: string },
): string {
  const table = relations.get(relation)?.name;
  return table === undefined ? `column ${name} of a type` : `column ${table}.${name}`;
}
