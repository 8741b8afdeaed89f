import { createHash } from "node:crypto";
import type { Session } from "../postgres/session.ts";
import type { ObjectKey } from "./object-key.ts";
import { ownNameRemover } from "./own-name.ts";
import { propertiesQuery } from "./properties-query.ts";

/** A property of an object: a definition, a setting, or a map of privileges. */
export type PropertyValue = string | number | boolean | null | Readonly<Record<string, string>>;

/** One object of a schema, such as a table, a column or a policy, as the catalogs describe it. */
export interface SchemaObject {
  /** The schema that it was read from. */
  readonly schema: string;
  /** Null for what has no row of its own with an oid, such as a column. */
  readonly key: ObjectKey | null;
  /** The kind in SQL's words, such as `materialized view`. */
  readonly kind: string;
  /**
   * The name, with that of its table: `orders.total`. Empty for the schema itself. In all texts, `schemaMark` stands for the
   * schema's name.
   */
  readonly name: string;
  /** The table, view or domain that it is a part of. */
  readonly of: string | null;
  readonly properties: Readonly<Record<string, PropertyValue>>;
}

/** A tenant schema to read. */
export interface SchemaToRead {
  readonly schema: string;
  /** The tenant's own role, which has another name in each tenant; undefined if there is none. */
  readonly role?: string | undefined;
}

/**
 * Settings that change how PostgreSQL writes definitions. With only pg_catalog on the search_path, every other name is
 * qualified, so that those of the tenant schema can be found.
 */
const settings = `SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL quote_all_identifiers = off;
SET LOCAL DateStyle = ISO;
SET LOCAL IntervalStyle = postgres;
SET LOCAL extra_float_digits = 1;
SET LOCAL bytea_output = hex`;

/** Equal differences must come in an equal order, because targets are grouped by them. */
const orderedQuery = `SELECT * FROM (${propertiesQuery}) o ORDER BY kind COLLATE "C", name COLLATE "C"`;

/**
 * The version of the reader, for what is kept of its results.
 *
 * @param server the major version of PostgreSQL
 */
export function readerVersion(server: number): string {
  const text = createHash("sha256").update(propertiesQuery).digest("hex").slice(0, 12);
  return `${text} ${server}`;
}

/**
 * Reads what distinguishes many schemas, in one query: a hash over all properties of all objects. Equal hashes mean equal
 * schemas. Different ones may be equal, too: the names of some schemas cannot be told from other words in SQL alone.
 *
 * @returns the hash of each schema that exists
 */
export async function hashSchemas(
  session: Session,
  schemas: readonly SchemaToRead[],
): Promise<Map<string, string>> {
  const rows = await inReadOnly(session, () =>
    session.query<{ schema: string; hash: string }>(
      `SELECT schema, md5(string_agg(replace(replace(concat_ws(' ', kind, name, properties), quote_ident(schema) || '.', '{schema}.'),
         quote_literal(schema), '{schema}'), E'\\n' ORDER BY kind COLLATE "C", name COLLATE "C")) AS hash
       FROM (${propertiesQuery}) o GROUP BY schema`,
      parametersOf(schemas),
    ),
  );
  return new Map(rows.map(({ schema, hash }) => [schema, hash]));
}

/**
 * Reads the objects of schemas, without the ledger, the names of the schemas, and what differs for no reason that a program
 * could notice: the order of columns, positions of sequences, names of NOT NULL constraints, grantors.
 *
 * @returns the objects of each schema that exists
 */
export async function readProperties(
  session: Session,
  schemas: readonly SchemaToRead[],
): Promise<Map<string, SchemaObject[]>> {
  const rows = await inReadOnly(session, () => readRows(session, schemas));
  const removers = new Map(schemas.map(({ schema }) => [schema, ownNameRemover(schema)]));
  const found = new Map<string, SchemaObject[]>();
  for (const row of rows) {
    const object = removers.get(row.schema)?.(row) ?? row;
    const own = found.get(row.schema);
    if (own === undefined) found.set(row.schema, [object]);
    else own.push(object);
  }
  return found;
}

/**
 * Reads the objects of one schema as `readProperties` does, within a transaction.
 *
 * @param session in a transaction, whose settings stay as they are
 * @returns undefined if the schema does not exist
 */
export async function readPropertiesWithin(
  session: Session,
  schema: SchemaToRead,
): Promise<readonly SchemaObject[] | undefined> {
  await session.script(`SAVEPOINT properties;\n${settings}`);
  const rows = await readRows(session, [schema]);
  await session.script("ROLLBACK TO properties; RELEASE properties");
  const found = rows.map(ownNameRemover(schema.schema));
  return found.length === 0 ? undefined : found;
}

function readRows(session: Session, schemas: readonly SchemaToRead[]) {
  return session.query<SchemaObject>(orderedQuery, parametersOf(schemas));
}

function parametersOf(schemas: readonly SchemaToRead[]): [string[], (string | null)[]] {
  return [schemas.map(({ schema }) => schema), schemas.map(({ role }) => role ?? null)];
}

async function inReadOnly<Result>(session: Session, read: () => Promise<Result>): Promise<Result> {
  await session.script(`BEGIN READ ONLY;\n${settings}`);
  try {
    return await read();
  } finally {
    if (!session.lost) await session.script("ROLLBACK");
  }
}
