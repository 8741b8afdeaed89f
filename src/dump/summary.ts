import { quoteLiteral } from "../core/quoting.ts";
import type { Session } from "../postgres/session.ts";
import type { Names } from "./gaps.ts";
import type { SchemaContent } from "./read.ts";
import type { Relation } from "./relations.ts";
import type { DumpedSequence, DumpedTable } from "./types.ts";

/** The names that a schema's own can be mistaken for, see `Names`. */
export function namesOf(content: SchemaContent, schema: string, systemName: boolean): Names {
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

/** The tables with rows of their own, see `StructureDump`. */
export function tablesOf(content: SchemaContent, known: string): DumpedTable[] {
  return [...content.relations.values()]
    .filter(({ kind }) => kind === "r")
    .map((table) => tableOf(table, content, known));
}

const nameType = /^reg(?:class|proc|procedure|oper|operator|type|config|dictionary|collation)$/;

function tableOf({ oid, name }: Relation, content: SchemaContent, known: string): DumpedTable {
  const all = content.columns.get(oid) ?? [];
  const columns = all.filter(({ generated }) => generated === "");
  const key = content.constraints.find(({ kind, table }) => kind === "p" && table === oid);
  return {
    name,
    columns: columns.map((column) => column.name),
    key: (key?.columns ?? []).flatMap(
      (number) => all.find((column) => column.number === number)?.name ?? [],
    ),
    ownTypes: columns
      .map((column) => ({ column: column.name, type: column.type.split(known) }))
      .filter(({ type }) => type.length > 1),
    nameTypes: columns
      .map((column) => ({ column: column.name, type: column.type }))
      .filter(({ type }) => nameType.test(type)),
  };
}

/** How far the schema's sequences have come, the identity columns' included. */
export async function readPositions(
  session: Session,
  { relations }: SchemaContent,
): Promise<DumpedSequence[]> {
  const sequences = [...relations.values()].filter(({ kind }) => kind === "S");
  if (sequences.length === 0) return [];
  const selects = sequences.map(
    ({ name, qualified }) =>
      `SELECT ${quoteLiteral(name)} AS name, last_value::text AS "lastValue", is_called AS "isCalled" FROM ${qualified}`,
  );
  return session.query<DumpedSequence>(selects.join("\nUNION ALL "));
}
