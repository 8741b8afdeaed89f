import type { SchemaObjects } from "../../catalog/schema-objects.ts";

/** Names that text can contain in the same places as a schema's name. */
export interface ConfusableNames {
  /** The names of the schema's objects: in text they can follow the schema's name and a dot. */
  readonly objects: ReadonlySet<string>;
  /** True if something else has the schema's name, so that only its place in the text tells them apart. */
  readonly ambiguous: boolean;
}

/** @param systemName true if a type or function of `pg_catalog` has the schema's name */
export function confusableNames(
  content: SchemaObjects,
  schema: string,
  systemName: boolean,
): ConfusableNames {
  const { relations, types, routines, columns } = content;
  const objects = new Set([
    ...[...relations.values(), ...types, ...routines].map(({ name }) => name),
    ...[...content.operators, ...content.collations].map(({ qualified }) => lastName(qualified)),
    ...[...content.searchConfigurations, ...content.searchDictionaries].map(({ qualified }) =>
      lastName(qualified),
    ),
  ]);
  const ambiguous =
    systemName ||
    objects.has(schema) ||
    [...columns.values()].flat().some(({ name }) => name === schema) ||
    routines.some(({ argumentNames }) => argumentNames?.includes(schema) === true);
  return { objects, ambiguous };
}

function lastName(qualified: string): string {
  const name = qualified.slice(qualified.indexOf(".") + 1);
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}
