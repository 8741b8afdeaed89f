import { randomBytes } from "node:crypto";
import { FleetError } from "../core/errors.ts";
import { quoteIdentifier } from "../core/quoting.ts";
import type { Session } from "../postgres/session.ts";
import { buildParts } from "./build.ts";
import { markSearchPath, templateOf } from "./gaps.ts";
import { unknownFields } from "./known.ts";
import { order } from "./order.ts";
import type { Part } from "./parts.ts";
import { keysOf, readSchema, type SchemaContent } from "./read.ts";
import { readComments, readDependencies, readLeftovers } from "./related.ts";
import { keyOf, type Source } from "./source.ts";
import { namesOf, readPositions, tablesOf } from "./summary.ts";
import type { StructureDump } from "./types.ts";

/** PostgreSQL writes what it describes with these settings, whatever the role has; pg_temp comes last. */
const settings = `SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL quote_all_identifiers = off;
SET LOCAL DateStyle = ISO;
SET LOCAL IntervalStyle = postgres;
SET LOCAL extra_float_digits = 1;
SET LOCAL bytea_output = hex`;

/**
 * Reads a schema's structure as `readStructure` does, in a transaction of its own.
 *
 * @param session in no transaction
 */
export async function dumpStructure(session: Session, schema: string): Promise<StructureDump> {
  await session.script(
    // It renames the schema, and takes that back: nothing stays written, also where the role may only read.
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE; SET LOCAL lock_timeout = '5s'",
  );
  try {
    return await readStructure(session, schema);
  } finally {
    if (!session.lost) await session.query("ROLLBACK");
  }
}

/**
 * Reads a schema's structure as SQL that makes the same structure in a schema of another name. The ledger is left out,
 * and so are owners, grants and tablespaces.
 *
 * PostgreSQL's own descriptions are taken while the schema has a random name, behind a savepoint that is rolled back
 * to: so its name is found wherever it stands, however it is spelled otherwise.
 *
 * The statements are to run with `check_function_bodies = off`, and with the new schema on the search_path.
 *
 * @param session in a transaction that may write, and has a lock_timeout; its role owns the schema and may create schemas in the database
 * @throws FleetError `refused` when there is no such schema, or when it holds what cannot be copied
 */
export async function readStructure(session: Session, schema: string): Promise<StructureDump> {
  const known = `fleet_${randomBytes(12).toString("hex")}`;
  await session.query("SAVEPOINT structure");
  try {
    await session.script(settings);
    const [found] = await session.query<Found>(
      `SELECT n.oid, current_setting('server_version_num')::int AS version,
         EXISTS (SELECT FROM pg_type WHERE typname = $1 AND typnamespace = 'pg_catalog'::regnamespace)
         OR EXISTS (SELECT FROM pg_proc WHERE proname = $1 AND pronamespace = 'pg_catalog'::regnamespace) AS "systemName"
       FROM pg_namespace n WHERE n.nspname = $1`,
      [schema],
    );
    if (found === undefined)
      throw new FleetError("refused", `there is no schema ${schema} to copy`, {
        remedy: "Correct its name, or create it with migrate.",
      });
    await session.query(`ALTER SCHEMA ${quoteIdentifier(schema)} RENAME TO ${known}`);
    return await read(session, schema, known, found);
  } finally {
    if (!session.lost) await session.script("ROLLBACK TO structure; RELEASE structure");
  }
}

interface Found {
  readonly oid: number;
  readonly version: number;
  readonly systemName: boolean;
}

async function read(
  session: Session,
  schema: string,
  known: string,
  { oid, version, systemName }: Found,
): Promise<StructureDump> {
  const members = await readMembers(session, oid);
  const oids = (catalog: string) => members.get(catalog) ?? [];
  const source: Source = { session, schema: known, version, oids };
  const content = await readSchema(source);
  const keys = keysOf(content);
  const memberKeys = [...members].flatMap(([catalog, list]) =>
    list.map((one) => keyOf(catalog, one)),
  );
  const leftovers = await readLeftovers(source, memberKeys, keys);
  refuse(schema, [...leftovers, ...invalidIndexes(content), ...unknownFields(content)]);
  const dependencies = await readDependencies(source, keys);
  const comments = await readComments(source, new Set([...keys, keyOf("pg_namespace", oid)]));
  const names = namesOf(content, schema, systemName);
  const marked = content.routines.map((routine) =>
    routine.setsSearchPath && routine.definition !== null
      ? { ...routine, definition: markSearchPath(routine.definition, known, schema) }
      : routine,
  );
  const parts = buildParts({ ...content, routines: marked }, comments, dependencies);
  const { before, after } = order(parts, dependencies);
  const templates = (list: readonly Part[]) =>
    list.flatMap((part) => part.statements.map((text) => templateOf(text, known, schema, names)));
  return {
    server: version,
    preData: templates(before),
    postData: templates(after),
    tables: tablesOf(content, known),
    sequences: await readPositions(session, content),
  };
}

/** What stands in the schema, by catalog: asked through the index that DROP SCHEMA uses, however many schemas there are. */
async function readMembers(session: Session, schema: number): Promise<Map<string, number[]>> {
  const rows = await session.query<{ catalog: string; oids: string[] }>(
    `SELECT d.classid::regclass::text AS catalog, array_agg(d.objid::int8::text ORDER BY d.objid) AS oids FROM pg_depend d
     WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = $1
       AND d.classid::regclass::text NOT IN ('pg_default_acl', 'pg_publication_namespace') GROUP BY d.classid`,
    [schema],
  );
  return new Map(rows.map(({ catalog, oids }) => [catalog, oids.map(Number)]));
}

/** An interrupted CREATE INDEX CONCURRENTLY leaves one; nothing makes an invalid index on purpose. */
function invalidIndexes({ indexes }: SchemaContent): string[] {
  return indexes.flatMap(({ valid, name }) => (valid ? [] : `invalid index ${name}`));
}

function refuse(schema: string, leftovers: readonly string[]): void {
  if (leftovers.length === 0) return;
  throw new FleetError(
    "refused",
    `the schema ${schema} holds what cannot be copied: ${leftovers.join(", ")}`,
    { remedy: "Drop it, if it may go." },
  );
}
