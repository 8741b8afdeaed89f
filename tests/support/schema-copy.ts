import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { quoteIdentifier } from "../../src/core/quoting.ts";
import { dumpContent } from "../../src/dump/rows/content.ts";
import { dumpStructure } from "../../src/dump/structure.ts";
import type { Session } from "../../src/postgres/session.ts";
import { catalogOf } from "./catalog.ts";
import type { TestDatabase } from "./database.ts";
import { repository } from "./repository.ts";

/** A catalog without facts that copies do not keep, and without the schema's name in the search_path of functions. */
export async function structureOf(database: TestDatabase, schema: string): Promise<string[]> {
  const facts = await catalogOf(database, schema);
  const path = new RegExp(`(search_path=)(?:\\\\?")?${schema}(?:\\\\?")?`, "g");
  return (
    facts
      .filter((fact) => !fact.startsWith("grants "))
      // A view keeps the columns that a function's row type had when it was created; a copy has the current ones.
      .map((fact) => fact.replace(", success, invoice) ON", ", success) ON"))
      .map((fact) => fact.replace(path, "$1{tenant}").replaceAll(`"${schema}"`, '"{tenant}"'))
  );
}

/** All rows of a schema, and the positions of its sequences. */
export async function rowsOf(session: Session, schema: string): Promise<unknown> {
  const { tables, sequences } = await dumpStructure(session, schema);
  const contents = await dumpContent(session, schema, tables, { maxRows: 100_000 });
  const rows = contents?.map(({ table, rows: values }) => [table.name, [...values].sort()]);
  return { rows: rows?.sort(), sequences: [...sequences].sort(byName) };
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}

/** The dependencies of objects in schema `of` on objects in schema `on`. */
export async function crossing(database: TestDatabase, of: string, on: string): Promise<unknown[]> {
  return database.query(
    `WITH owned AS (
       SELECT 'pg_class'::regclass AS classid, oid, relnamespace AS namespace FROM pg_class
       UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace FROM pg_type
       UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace FROM pg_proc
       UNION ALL SELECT 'pg_operator'::regclass, oid, oprnamespace FROM pg_operator
       UNION ALL SELECT 'pg_collation'::regclass, oid, collnamespace FROM pg_collation
       UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgnamespace FROM pg_ts_config
       UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, stxnamespace FROM pg_statistic_ext
       UNION ALL SELECT 'pg_attrdef'::regclass, d.oid, c.relnamespace FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid
       UNION ALL SELECT 'pg_trigger'::regclass, g.oid, c.relnamespace FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
       UNION ALL SELECT 'pg_rewrite'::regclass, r.oid, c.relnamespace FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
       UNION ALL SELECT 'pg_policy'::regclass, p.oid, c.relnamespace FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
       UNION ALL SELECT 'pg_constraint'::regclass, oid, connamespace FROM pg_constraint)
     SELECT pg_describe_object(d.classid, d.objid, 0) AS of, pg_describe_object(d.refclassid, d.refobjid, 0) AS on
     FROM pg_depend d
     JOIN owned a ON (a.classid, a.oid) = (d.classid, d.objid) JOIN owned b ON (b.classid, b.oid) = (d.refclassid, d.refobjid)
     WHERE a.namespace = $1::regnamespace AND b.namespace = $2::regnamespace`,
    [quoteIdentifier(of), quoteIdentifier(on)],
  );
}

/** Objects that are hard to copy, in the schema that is first on the search_path. {tenant} is its name. */
const hardThings = await readFile(join(repository, "tests/support/hard-schema.sql"), "utf8");

/** Creates these objects in a schema. The schema's name is always quoted, as in migrations. */
export async function makeHard(database: TestDatabase, schema: string): Promise<void> {
  const quoted = quoteIdentifier(schema);
  await database.query(
    `SET search_path = ${quoted}; ${hardThings.replaceAll('"{tenant}"', quoted)}; RESET search_path`,
  );
}
