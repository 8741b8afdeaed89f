import { randomBytes } from "node:crypto";
import { FleetError } from "../core/errors.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { Session } from "../postgres/session.ts";
import { type Comment, readComments } from "./comments.ts";
import { type Dependencies, readDependencies } from "./dependencies.ts";
import { objectKey } from "./object-key.ts";
import { objectKeys, readSchemaObjects, type SchemaObjects } from "./schema-objects.ts";
import type { SchemaReader } from "./schema-reader.ts";
import { readSequencePositions, type SequencePosition } from "./sequence-positions.ts";
import { readUnreadObjects } from "./unread-objects.ts";

/** One schema as the catalogs describe it, with `alias` in place of its name. */
export interface SchemaCatalog {
  /** A random name that replaces the schema's name in every definition. */
  readonly alias: string;
  /** True if a type or function of `pg_catalog` has the same name as the schema. */
  readonly systemName: boolean;
  readonly objects: SchemaObjects;
  readonly dependencies: Dependencies;
  readonly comments: readonly Comment[];
  readonly sequencePositions: readonly SequencePosition[];
  /** The kinds and names of objects that are not in `objects`, such as "operator class x". */
  readonly unread: readonly string[];
}

/** Settings that change how PostgreSQL writes definitions. pg_temp must be last: otherwise it is searched first. */
const settings = `SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL quote_all_identifiers = off;
SET LOCAL DateStyle = ISO;
SET LOCAL IntervalStyle = postgres;
SET LOCAL extra_float_digits = 1;
SET LOCAL bytea_output = hex`;

/**
 * Reads a schema's objects, except the ledger, from the catalogs.
 *
 * The schema is renamed to a random name while PostgreSQL writes the definitions, so that its name can be found in
 * them with certainty. A savepoint undoes the rename.
 *
 * @param session in a transaction that may write and has a lock_timeout. Its role owns the schema and may create
 *   schemas in the database
 * @throws FleetError `refused` if the schema does not exist
 */
export async function readSchema(session: Session, schema: string): Promise<SchemaCatalog> {
  const alias = `fleet_${randomBytes(12).toString("hex")}`;
  await session.query("SAVEPOINT structure");
  try {
    await session.script(settings);
    const [found] = await session.query<FoundSchema>(
      `SELECT n.oid, current_setting('server_version_num')::int AS version,
         EXISTS (SELECT FROM pg_type WHERE typname = $1 AND typnamespace = 'pg_catalog'::regnamespace)
         OR EXISTS (SELECT FROM pg_proc WHERE proname = $1 AND pronamespace = 'pg_catalog'::regnamespace) AS "systemName"
       FROM pg_namespace n WHERE n.nspname = $1`,
      [schema],
    );
    if (found === undefined) throw noSchemaError(schema);
    await session.query(`ALTER SCHEMA ${quoteIdentifier(schema)} RENAME TO ${alias}`);
    return await readRenamed(session, alias, found);
  } finally {
    if (!session.lost) await session.script("ROLLBACK TO structure; RELEASE structure");
  }
}

interface FoundSchema {
  readonly oid: number;
  readonly version: number;
  readonly systemName: boolean;
}

async function readRenamed(
  session: Session,
  alias: string,
  { oid, version, systemName }: FoundSchema,
): Promise<SchemaCatalog> {
  const members = await readMembers(session, oid);
  const reader: SchemaReader = {
    session,
    schema: alias,
    version,
    oids: (catalog) => members.get(catalog) ?? [],
  };
  const objects = await readSchemaObjects(reader);
  const read = objectKeys(objects);
  const memberKeys = [...members].flatMap(([catalog, oids]) =>
    oids.map((one) => objectKey(catalog, one)),
  );
  return {
    alias,
    systemName,
    objects,
    unread: await readUnreadObjects(reader, memberKeys, read),
    dependencies: await readDependencies(reader, read),
    comments: await readComments(reader, new Set([...read, objectKey("pg_namespace", oid)])),
    sequencePositions: await readSequencePositions(session, objects.relations.values()),
  };
}

/** Lists the schema's objects by catalog, through the index that DROP SCHEMA uses: fast with any number of schemas. */
async function readMembers(session: Session, schema: number): Promise<Map<string, number[]>> {
  const rows = await session.query<{ catalog: string; oids: string[] }>(
    `SELECT d.classid::regclass::text AS catalog, array_agg(d.objid::int8::text ORDER BY d.objid) AS oids FROM pg_depend d
     WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = $1
       AND d.classid::regclass::text NOT IN ('pg_default_acl', 'pg_publication_namespace') GROUP BY d.classid`,
    [schema],
  );
  return new Map(rows.map(({ catalog, oids }) => [catalog, oids.map(Number)]));
}

function noSchemaError(schema: string): FleetError {
  return new FleetError("refused", `schema ${schema} does not exist`, {
    remedy: "Check the name. To create the schema, run: npx drizzle-fleet migrate",
  });
}
